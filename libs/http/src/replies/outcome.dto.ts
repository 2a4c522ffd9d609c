import { BooleanField, StringField } from '../fields/scalar-fields.js';

/** What happened, for people. */
export class MessageOut {
  @StringField({ description: 'What happened.', example: 'Password changed successfully' })
  message!: string;
}

/** The outcome of an administrative change. */
export class SuccessOut {
  @BooleanField({ description: 'Always true; failures are errors.', example: true })
  success!: boolean;

  @StringField({ description: 'What happened.', example: "User 'desk1' updated" })
  message!: string;
}
