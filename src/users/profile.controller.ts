import { Controller, Get, Injectable, Put } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  Accepts,
  Answers,
  Authenticated,
  Caller,
  compileValidator,
  FreeFormBody,
  MessageOut,
  Problems,
} from '#libs/http';
import { type Actor, AppError, invalid } from '#libs/kernel';
import { Accounts, type User, userNotFound } from '../accounts/accounts.port.js';
import { ProfileChange, UserOut } from './user.dto.js';

const checkChange = compileValidator(ProfileChange);

/** What people see and change of their own account. */
@Injectable()
export class Profile {
  constructor(private readonly accounts: Accounts) {}

  /** @throws AppError `not_found` when the account was deleted a moment ago */
  async show(userId: number): Promise<User> {
    const user = await this.accounts.find(userId);
    if (user === null) throw userNotFound();
    return user;
  }

  /**
   * Takes a free-form change: `email` is obeyed, other keys are ignored.
   * @throws AppError `forbidden` when `role` is named, `invalid` for a malformed address, `bad_request` for a taken one
   */
  async update(userId: number, change: Readonly<Record<string, unknown>>): Promise<void> {
    if (Object.hasOwn(change, 'role')) {
      throw new AppError('forbidden', 'Users cannot change their own role', { code: 'own_role' });
    }
    const checked = checkChange(change, 'body');
    if ('violations' in checked) throw invalid(...checked.violations);
    const { email } = checked.value;
    if (email !== undefined) await this.accounts.changeEmail(userId, email);
  }
}

@ApiTags('users')
@Controller('api/v1/users/profile')
export class ProfileController {
  constructor(private readonly profile: Profile) {}

  @Get()
  @Authenticated()
  @ApiOperation({
    summary: 'Read your account',
    description: 'Name, role, tier and state of the account that the credential belongs to.',
  })
  @Answers(200, UserOut, { description: 'Your account; `api_key` is always null here.' })
  @Problems({ 401: 'API key required' })
  show(@Caller() caller: Actor): Promise<UserOut> {
    return this.profile.show(caller.userId);
  }

  @Put()
  @Authenticated()
  @ApiOperation({
    summary: 'Change your e-mail address',
    description:
      'The only part of an account that its owner changes here; the password has a route of its own.',
  })
  @Accepts(ProfileChange, {
    description: 'Fields other than `email` are ignored, except `role`, which is refused.',
    examples: { 'New e-mail address': { email: 'desk1@example.com' } },
  })
  @Answers(200, MessageOut, { description: 'The profile is updated, or the body contained no change.' })
  @Problems(
    { 400: 'Email already exists' },
    { 401: 'API key required' },
    { 403: 'Users cannot change their own role' },
    422,
  )
  async update(
    @FreeFormBody() body: Readonly<Record<string, unknown>>,
    @Caller() caller: Actor,
  ): Promise<MessageOut> {
    await this.profile.update(caller.userId, body);
    return { message: 'Profile updated successfully' };
  }
}
