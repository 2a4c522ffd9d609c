import { BooleanField, StringField } from '../fields/scalar-fields.js';

/** What happened, for people. */
export class MessageOut {
  @StringField({ description: 'Outcome, for people to read.', example: 'Password changed successfully' })
  message!: string;
}

/** The outcome of an administrative change. */
export class SuccessOut {
  @BooleanField({ description: 'Always true; failures are reported as errors.', example: true })
  success!: boolean;

  @StringField({ description: 'Outcome, for people to read.', example: "User 'desk1' updated" })
  message!: string;
}
