import { type CanActivate, Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { isAdministrator, requestContext } from '#libs/http';
import { AppError } from '#libs/kernel';

const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/;

/**
 * The noise is shared by all callers, so administrators alone may set it; with `allow_noise_control` anyone on the same
 * machine, for sweeps. A guard, so that the role is checked before the body.
 */
@Injectable()
export class NoiseControlGuard implements CanActivate {
  constructor(private readonly config: AppConfig) {}

  canActivate(): boolean {
    const { actor, clientAddress } = requestContext();
    if (isAdministrator(actor ?? null)) return true;
    if (this.config.allow_noise_control && LOOPBACK.test(clientAddress)) return true;
    throw new AppError('forbidden', 'Setting the noise needs one of these roles: administrator, admin');
  }
}
