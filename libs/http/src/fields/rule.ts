import { registerDecorator } from 'class-validator';
import type { Violation } from '#libs/kernel';

/** The pseudo-property that carries class-level rules in class-validator's storage. */
export const RULES = ':rules';

export type RuleCheck<T> = (dto: T) => Violation | undefined;

/**
 * A rule over several fields, evaluated only when the fields themselves are valid. The violation's `loc` is either
 * complete (`['body', 'symbol']`) or relative to the DTO (`['symbol']`, `[]` for the whole); without `input` the
 * whole object is shown, secrets left out.
 */
export function Rule<T extends object>(check: RuleCheck<T>): (target: new () => T) => void {
  return (target) => {
    registerDecorator({
      name: 'rule',
      target,
      propertyName: RULES,
      constraints: [check],
      validator: {
        validate: (_, args) => args !== undefined && check(args.object as T) === undefined,
        defaultMessage: () => 'the fields must fit together',
      },
    });
  };
}

/** The violation of a rule: type `value_error`, on the whole object or on one of its fields. */
export const ruleViolation = (message: string, field?: string): Violation => ({
  type: 'value_error',
  loc: field === undefined ? [] : [field],
  msg: `Value error, ${message}`,
  ctx: { error: {} },
});
