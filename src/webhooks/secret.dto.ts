import { DateTimeField, IntegerField, StringField } from '#libs/http';

const DAY_HOURS = 24;

export class RotateSecret {
  @IntegerField({
    default: DAY_HOURS,
    min: 0,
    max: 7 * DAY_HOURS,
    description:
      'Hours for which messages carry a signature of the secret before as well; 0 when that one has leaked.',
    example: DAY_HOURS,
  })
  overlapHours!: number;
}

export class SecretInfoOut {
  @DateTimeField({ example: '2026-01-31T12:00:00.000Z' }) createdAt!: Date;

  @DateTimeField({
    nullable: true,
    description: 'Until then the secret before signs as well; null when none does.',
    example: '2026-02-01T12:00:00.000Z',
  })
  previousValidUntil!: Date | null;
}

export class SecretOut extends SecretInfoOut {
  @StringField({
    secret: true,
    description: 'Shown in this answer only. Messages are signed with what stands in base64 behind `whsec_`.',
    example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwQ0d5Vq8eM5A=',
  })
  secret!: string;
}
