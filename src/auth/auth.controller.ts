import { Body, Controller, Get, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Answers, Authenticated, Caller, Problems, Public, MessageOut } from '#libs/http';
import type { Actor } from '#libs/kernel';
import { Credentials } from '../accounts/accounts.port.js';
import { ApiKeyInfoOut, ApiKeyOut, LoginRequest, TokenOut } from './auth.dto.js';
import { presentApiKey, presentApiKeyInfo, presentToken } from './auth.view.js';
import { Origin, type RequestOrigin, Session } from './origin.js';
import { SignIn } from './sign-in.service.js';

const LOGIN_PROBLEMS = [{ 401: 'Invalid username or password' }, 422, 429, 503] as const;

@ApiTags('authentication')
@Controller('api/v1/auth')
export class AuthController {
  constructor(
    private readonly signIn: SignIn,
    private readonly credentials: Credentials,
  ) {}

  @Post('login')
  @Public()
  @ApiOperation({ summary: 'Log in with user name and password' })
  @Answers(200, TokenOut, { description: 'A login token for the header `Authorization: Bearer`.' })
  @Problems(...LOGIN_PROBLEMS)
  async login(@Body() body: LoginRequest, @Origin() origin: RequestOrigin): Promise<TokenOut> {
    return presentToken(await this.signIn.forToken({ ...body, ...origin }));
  }

  @Post('api-key')
  @Public()
  @ApiOperation({ summary: 'Get a new API key with user name and password' })
  @Answers(200, ApiKeyOut, { description: 'The new API key, which replaces the old one; shown only once.' })
  @Problems(...LOGIN_PROBLEMS)
  async apiKey(@Body() body: LoginRequest, @Origin() origin: RequestOrigin): Promise<ApiKeyOut> {
    return presentApiKey(await this.signIn.forApiKey({ ...body, ...origin }));
  }

  @Get('api-key')
  @Authenticated()
  @ApiOperation({ summary: 'Read when your API key expires and was last used' })
  @Answers(200, ApiKeyInfoOut, { description: 'Times of the API key; all null if there is no key.' })
  @Problems({ 401: 'API key required' })
  async describeKey(@Caller() caller: Actor): Promise<ApiKeyInfoOut> {
    return presentApiKeyInfo(await this.credentials.describeApiKey(caller.userId));
  }

  @Post('regenerate-key')
  @Authenticated()
  @ApiOperation({ summary: 'Replace your API key' })
  @Answers(200, ApiKeyOut, { description: 'The new API key, shown only once; the old one is now invalid.' })
  @Problems({ 401: 'API key required' })
  async regenerate(@Caller() caller: Actor): Promise<ApiKeyOut> {
    return presentApiKey(await this.credentials.issueApiKey(caller.userId));
  }

  @Post('logout')
  @Authenticated()
  @ApiOperation({ summary: 'Revoke the token of this request' })
  @Answers(200, MessageOut, { description: 'The token is refused from now on.' })
  @Problems({ 400: 'Only a token can be revoked; this request came with an API key' }, 401)
  async logout(@Session() sessionId: string): Promise<MessageOut> {
    await this.credentials.closeSession(sessionId);
    return { message: 'Logged out' };
  }
}
