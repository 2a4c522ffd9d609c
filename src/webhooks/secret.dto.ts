import { DateTimeField, IntegerField, StringField } from '#libs/http';

const DAY_HOURS = 24;

export class RotateSecret {
  @IntegerField({
    strict: true,
    default: DAY_HOURS,
    min: 0,
    max: 7 * DAY_HOURS,
    description:
      'Hours during which messages are also signed with the previous secret; use 0 if that secret has leaked.',
    example: DAY_HOURS,
  })
  overlapHours!: number;
}

export class SecretInfoOut {
  @DateTimeField({ example: '2026-01-31T12:00:00.000Z' }) createdAt!: Date;

  @DateTimeField({
    nullable: true,
    description: 'Time until which messages are also signed with the previous secret; null if they are not.',
    example: '2026-02-01T12:00:00.000Z',
  })
  previousValidUntil!: Date | null;
}

export class SecretOut extends SecretInfoOut {
  @StringField({
    secret: true,
    description: 'The secret, shown only in this answer. The signing key is the base64 text after `whsec_`.',
    example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwQ0d5Vq8eM5A=',
  })
  secret!: string;
}
