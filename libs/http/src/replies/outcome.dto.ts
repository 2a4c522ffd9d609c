import { BooleanField, StringField } from '../fields/scalar-fields.js';

/** `success` of an answer. */
export const SuccessField = BooleanField({
  always: true,
  description: 'Always true; failures are reported as errors.',
  example: true,
});

/** A field of the original's answers that nothing measures. */
export const UNMEASURED = {
  nullable: true,
  always: null,
  description: 'Always null: not measured.',
  example: null,
} as const;

/** What happened, for people. */
export class MessageOut {
  @StringField({ description: 'Outcome, for people to read.', example: 'Password changed successfully' })
  message!: string;
}

/** The outcome of an administrative change. */
export class SuccessOut {
  @SuccessField success?: true;
  @StringField({ description: 'Outcome, for people to read.', example: "User 'desk1' updated" })
  message!: string;
}
