import { Controller, Get, Put } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Accepts, Answers, Authenticated, Caller, FreeFormBody, Problems, MessageOut } from '#libs/http';
import type { Actor } from '#libs/kernel';
import { Profile } from './profile.service.js';
import { ProfileChange, UserOut } from './user.dto.js';
import { presentUser } from './user.view.js';

@ApiTags('users')
@Controller('api/v1/users/profile')
export class ProfileController {
  constructor(private readonly profile: Profile) {}

  @Get()
  @Authenticated()
  @ApiOperation({ summary: 'Read your account' })
  @Answers(200, UserOut, { description: 'Your account; `api_key` is always null here.' })
  @Problems({ 401: 'API key required' })
  async show(@Caller() caller: Actor): Promise<UserOut> {
    return presentUser(await this.profile.show(caller.userId));
  }

  @Put()
  @Authenticated()
  @ApiOperation({ summary: 'Change your e-mail address' })
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
