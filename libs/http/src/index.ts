export * from './access.js';
export * from './fields/scalar-fields.js';
export {
  ListField,
  MapField,
  NestedField,
  ObjectField,
  type ListFieldOptions,
} from './fields/compound-fields.js';
export { type DtoClass, type FieldDecorator, type FieldOptions } from './fields/field-type.js';
export { Rule, ruleViolation, type RuleCheck } from './fields/rule.js';
export { compileValidator, type Source, type Validated, type Validator } from './validation/compile.js';
export { toMoment } from './validation/coercion.js';
export { Fault } from './validation/fault.js';
export { ContractValidationPipe, FreeFormBody } from './validation/validation.pipe.js';
export { RawText } from './raw-text.js';
export { isSecretName, redactQuery, redactSecrets, REDACTED } from './redaction.js';
