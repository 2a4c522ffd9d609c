import {
  Body,
  Controller,
  Get,
  Post,
  createParamDecorator,
  type ExecutionContext,
  Put,
} from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  Answers,
  Authenticated,
  Caller,
  Problems,
  Public,
  MessageOut,
  requestContext,
  CallerNetwork,
} from '#libs/http';
import { type Actor, AppError } from '#libs/kernel';
import { Credentials } from '../accounts/accounts.port.js';
import { ApiKeyInfoOut, ApiKeyOut, LoginRequest, TokenOut, PasswordChange } from './auth.dto.js';
import { type RequestOrigin, SignIn } from './sign-in.service.js';
import type { AuthenticatedRequest } from './access.guard.js';
import { ChangePassword } from './change-password.service.js';

/** The request's {@link RequestOrigin}, as a parameter of a handler. */
const Origin = createParamDecorator((): RequestOrigin => {
  const { clientAddress, callerNetwork, userAgent } = requestContext();
  return { address: clientAddress, network: callerNetwork, userAgent };
});

/** The login session of the presented token. @throws AppError `bad_request` when an API key was presented */
const Session = createParamDecorator((_: unknown, context: ExecutionContext): string => {
  const { sessionId } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (sessionId !== undefined) return sessionId;
  throw new AppError('bad_request', 'Only a token can be revoked; this request came with an API key', {
    code: 'no_token',
  });
});

const LOGIN_PROBLEMS = [{ 401: 'Invalid username or password' }, 422, 429, 503] as const;
const NO_KEY: ApiKeyInfoOut = { createdAt: null, expiresAt: null, lastUsedAt: null };

@ApiTags('authentication')
@Controller('api/v1/auth')
export class AuthController {
  constructor(
    private readonly signIn: SignIn,
    private readonly credentials: Credentials,
  ) {}

  @Post('login')
  @Public()
  @ApiOperation({
    summary: 'Log in with user name and password',
    description:
      'Gives a token for the header `Authorization: Bearer`, valid for 30 minutes unless configured otherwise. Failed logins are limited.',
  })
  @Answers(200, TokenOut, { description: 'A login token for the header `Authorization: Bearer`.' })
  @Problems(...LOGIN_PROBLEMS)
  async login(@Body() body: LoginRequest, @Origin() origin: RequestOrigin): Promise<TokenOut> {
    return { accessToken: await this.signIn.forToken({ ...body, ...origin }) };
  }

  @Post('api-key')
  @Public()
  @ApiOperation({
    summary: 'Get a new API key with user name and password',
    description: 'For who has lost the key: it replaces the key of the account, and is shown this once.',
  })
  @Answers(200, ApiKeyOut, { description: 'The new API key, which replaces the old one; shown only once.' })
  @Problems(...LOGIN_PROBLEMS)
  apiKey(@Body() body: LoginRequest, @Origin() origin: RequestOrigin): Promise<ApiKeyOut> {
    return this.signIn.forApiKey({ ...body, ...origin });
  }

  @Get('api-key')
  @Authenticated()
  @ApiOperation({
    summary: 'Read when your API key expires and was last used',
    description: 'Times only; a key cannot be read again, it can only be replaced.',
  })
  @Answers(200, ApiKeyInfoOut, { description: 'Times of your API key; all are null if you have none.' })
  @Problems({ 401: 'API key required' })
  async describeKey(@Caller() caller: Actor): Promise<ApiKeyInfoOut> {
    return (await this.credentials.describeApiKey(caller.userId)) ?? NO_KEY;
  }

  @Post('regenerate-key')
  @Authenticated()
  @ApiOperation({
    summary: 'Replace your API key',
    description: 'The key of this request stops working at once. The new one is shown this once.',
  })
  @Answers(200, ApiKeyOut, { description: 'The new API key, shown only once; the old one is now invalid.' })
  @Problems({ 401: 'API key required' })
  regenerate(@Caller() caller: Actor): Promise<ApiKeyOut> {
    return this.credentials.issueApiKey(caller.userId);
  }

  @Post('logout')
  @Authenticated()
  @ApiOperation({
    summary: 'Revoke the token of this request',
    description: 'Ends a login before its token expires. An API key stays valid.',
  })
  @Answers(200, MessageOut, { description: 'The token is refused from now on.' })
  @Problems({ 400: 'Only a token can be revoked; this request came with an API key' }, 401)
  async logout(@Session() sessionId: string): Promise<MessageOut> {
    await this.credentials.closeSession(sessionId);
    return { message: 'Logged out' };
  }
}

@ApiTags('users')
@Controller('api/v1/users')
export class PasswordController {
  constructor(private readonly passwords: ChangePassword) {}

  @Put('password')
  @Authenticated()
  @ApiOperation({
    summary: 'Change your password and revoke all your tokens; your API key stays unless you say so',
    description: 'Needs the old password. With `revoke_api_key` the API key ends, too.',
  })
  @Answers(200, MessageOut, { description: 'The password is changed; log in again to get a new token.' })
  @Problems({ 400: 'Invalid old password' }, { 401: 'API key required' }, 422, 429, 503)
  async change(
    @Body() body: PasswordChange,
    @Caller() caller: Actor,
    @CallerNetwork() network: string,
  ): Promise<MessageOut> {
    const { oldPassword, newPassword, revokeApiKey } = body;
    await this.passwords.change(caller, { old: oldPassword, new: newPassword, revokeApiKey }, network);
    return { message: 'Password changed successfully' };
  }
}
