import { Body, Controller, Delete, Get, Param, Post, Put, Query } from '@nestjs/common';
import { ApiExtraModels, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import {
  Accepts,
  ADMINISTRATORS,
  Answers,
  Authenticated,
  Caller,
  Idempotent,
  type Page,
  Problems,
  RoleProblems,
  MessageOut,
  SuccessOut,
  type WireObject,
} from '#libs/http';
import type { Actor } from '#libs/kernel';
import { Accounts, type AccountUpdate } from '../accounts/accounts.port.js';
import {
  CreatedUserOut,
  CreateUserRequest,
  ListedUserOut,
  ListUsersQuery,
  RemoveUserQuery,
  UpdateUserRequest,
  UserIdParam,
  UsernameParam,
  UserPageOut,
} from './admin-user.dto.js';
import { CreateUser } from './create-user.service.js';
import { ListUsers } from './list-users.service.js';

const LIST_OR_PAGE = {
  oneOf: [
    { type: 'array', items: { $ref: getSchemaPath(ListedUserOut) } },
    { $ref: getSchemaPath(UserPageOut) },
  ],
};
const NOT_FOUND = { 404: 'User not found' };
const LAST = { 400: 'The last active administrator cannot be deactivated, demoted or deleted' };

@ApiTags('administration')
@ApiExtraModels(ListedUserOut, UserPageOut)
@RoleProblems(...ADMINISTRATORS)
@Controller('api/v1/admin/users')
export class AdminUsersController {
  constructor(
    private readonly accounts: Accounts,
    private readonly creating: CreateUser,
    private readonly listing: ListUsers,
  ) {}

  @Post()
  @Authenticated(...ADMINISTRATORS)
  @Idempotent()
  @ApiOperation({
    summary: 'Create an account',
    description:
      'Without a password one is made, and the account begins inactive: activate it before its key is used. Key and made password are shown this once.',
  })
  @Accepts(CreateUserRequest, {
    examples: {
      'Inactive, with a random password': { username: 'desk1', email: 'desk1@example.com', role: 'client' },
      'Active, with a password': {
        username: 'desk2',
        email: 'desk2@example.com',
        role: 'evaluator',
        password: 'correct horse battery staple',
        subscription_tier: 'premium',
        initial_credits: 100,
      },
      'One who sets prices': { username: 'desk3', email: 'desk3@example.com', role: 'provider' },
    },
  })
  @Answers(201, CreatedUserOut, {
    description: 'The account; API key and generated password are shown only once.',
    location: ({ username }: CreatedUserOut) => `/api/v1/admin/users?search=${encodeURIComponent(username)}`,
  })
  @Problems({ 400: 'Username already exists' }, { 409: 'Username or email already exists' }, 422, 503)
  create(@Body() body: CreateUserRequest, @Caller() caller: Actor): Promise<CreatedUserOut> {
    return this.creating.create(body, caller);
  }

  @Get()
  @Authenticated(...ADMINISTRATORS)
  @ApiOperation({
    summary: 'List accounts',
    description:
      'All accounts, or those that match role, state, tier, date of creation and text. See the answer for the two forms of the list.',
  })
  @Answers(200, LIST_OR_PAGE, {
    description:
      'Without query parameters, an array of at most 1,000 accounts, with the total number in `X-Total-Count`; with any query parameter, a page.',
  })
  @Problems(422)
  list(@Query() query: ListUsersQuery): Promise<Page<WireObject> | WireObject> {
    return this.listing.list(query);
  }

  @Post(':username/activate')
  @Authenticated(...ADMINISTRATORS)
  @ApiOperation({
    summary: 'Activate an account',
    description: 'Accounts that were created over HTTP begin inactive.',
  })
  @Answers(200, MessageOut, { description: 'The account is active from its next request on.' })
  @Problems(NOT_FOUND)
  async activate(@Param() { username }: UsernameParam): Promise<MessageOut> {
    const user = await this.accounts.activate(username);
    return { message: `User ${user.username} activated successfully` };
  }

  @Post(':username/deactivate')
  @Authenticated(...ADMINISTRATORS)
  @ApiOperation({
    summary: 'Deactivate an account',
    description:
      'Credentials are refused and tokens revoked; predictions, money and history stay. `activate` takes it back.',
  })
  @Answers(200, MessageOut, { description: 'The account is refused from now on; its tokens are revoked.' })
  @Problems(LAST, NOT_FOUND)
  async deactivate(@Param() { username }: UsernameParam, @Caller() caller: Actor): Promise<MessageOut> {
    const user = await this.accounts.deactivate(username, caller);
    return { message: `User ${user.username} deactivated successfully` };
  }

  @Put(':user_id')
  @Authenticated(...ADMINISTRATORS)
  @ApiOperation({
    summary: 'Change state, role, tier or notes of an account',
    description:
      'Only the fields that the body names change. Another role revokes the tokens of the account.',
  })
  @Answers(200, SuccessOut, { description: 'The account is updated, or the body contained no change.' })
  @Problems(LAST, NOT_FOUND, 422)
  async update(
    @Param() { userId }: UserIdParam,
    @Body() body: UpdateUserRequest,
    @Caller() caller: Actor,
  ): Promise<SuccessOut> {
    const given = Object.entries(body).filter(([, value]) => value !== undefined);
    const update = Object.fromEntries(given) as AccountUpdate;
    await this.accounts.update(userId, update, caller);
    return { message: 'User updated successfully' };
  }

  @Delete(':user_id')
  @Authenticated(...ADMINISTRATORS)
  @ApiOperation({
    summary: 'Deactivate or delete an account',
    description: '`action=deactivate` (the default) can be taken back, `action=delete` cannot.',
  })
  @Answers(200, SuccessOut, {
    description:
      'The account is deactivated or deleted, and its tokens are revoked. Its predictions, money and audit rows are kept.',
  })
  @Problems({ 400: 'You cannot delete your own account' }, NOT_FOUND, 422)
  async remove(
    @Param() { userId }: UserIdParam,
    @Query() { action }: RemoveUserQuery,
    @Caller() caller: Actor,
  ): Promise<SuccessOut> {
    await this.accounts.remove(userId, action, caller);
    return { message: action === 'delete' ? 'User marked for deletion' : 'User deactivated successfully' };
  }
}
