import { SetMetadata } from '@nestjs/common';
import { registerDecorator } from 'class-validator';
import type { Violation } from '#libs/kernel';

/** The pseudo-property under which class-validator's storage keeps the rules of a class. */
export const RULES = ':rules';

/** Key of the mark of {@link FreeForm} in a class's metadata. */
export const FREE_FORM = 'free_form';

/** Marks a body that is a free-form dictionary in the original: what is no object is refused as `dict_type`. */
export const FreeForm = (): ClassDecorator => SetMetadata(FREE_FORM, true);

export const OPEN = 'open';

/** What an object has beside the declared fields is ignored without a warning: clients send what others understand. */
export const Open = (): ClassDecorator => SetMetadata(OPEN, true);

export const CLOSED = 'closed';

/** What an object has beside the declared fields is a fault: for bodies that change settings, where a mistyped name changes nothing. */
export const Closed = (): ClassDecorator => SetMetadata(CLOSED, true);

export type RuleCheck<T> = (dto: T) => Violation | undefined;

/**
 * A rule about several fields, evaluated only if the fields themselves are valid. The `loc` of a violation is either
 * complete (`['body', 'symbol']`) or relative to the DTO (`['symbol']`, `[]` for the whole object). Without `input`,
 * the violation shows the whole object without its secrets.
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

/** The violation of a rule: type `value_error`, of the whole object or of one of its fields. */
export const ruleViolation = (message: string, field?: string): Violation => ({
  type: 'value_error',
  loc: field === undefined ? [] : [field],
  msg: `Value error, ${message}`,
  ctx: { error: {} },
});

/** The rule of lists that are narrowed by `start_date` and `end_date`, both inclusive. */
export const datesInOrder: RuleCheck<{ readonly from?: Date; readonly to?: Date }> = ({ from, to }) =>
  from !== undefined && to !== undefined && to < from
    ? ruleViolation('end_date must not be before start_date', 'end_date')
    : undefined;
