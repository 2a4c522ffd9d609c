import { Body, Controller, Put } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Answers, Authenticated, Caller, ClientAddress, Problems, MessageOut } from '#libs/http';
import type { Actor } from '#libs/kernel';
import { PasswordChange } from './auth.dto.js';
import { ChangePassword } from './change-password.service.js';

@ApiTags('users')
@Controller('api/v1/users')
export class PasswordController {
  constructor(private readonly passwords: ChangePassword) {}

  @Put('password')
  @Authenticated()
  @ApiOperation({ summary: 'Change your password and revoke all your tokens' })
  @Answers(200, MessageOut, { description: 'The password is changed; log in again to get a new token.' })
  @Problems({ 400: 'Invalid old password' }, { 401: 'API key required' }, 422, 429, 503)
  async change(
    @Body() body: PasswordChange,
    @Caller() caller: Actor,
    @ClientAddress() address: string,
  ): Promise<MessageOut> {
    await this.passwords.change(caller, { old: body.old_password, new: body.new_password }, address);
    return { message: 'Password changed successfully' };
  }
}
