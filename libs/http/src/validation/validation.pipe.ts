import { Body, Injectable, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import { invalid } from '#libs/kernel';
import { type DtoClass, isDto } from '../fields/field-type.js';
import { isJsonObject } from './coercion.js';
import { compileValidator, type Source, type Validator } from './compile.js';
import { refusedNames, warnOfIgnored } from './warnings.js';

const SOURCES: Readonly<Record<string, Source>> = { body: 'body', query: 'query', param: 'path' };

/**
 * The global pipe. The compiled validator of a DTO class checks each `@Body()`, `@Query()` and `@Param()` of that type;
 * anything else (`@Body() body: unknown`) is passed on as it was parsed.
 * @throws AppError `invalid` with all violations
 */
@Injectable()
export class ContractValidationPipe implements PipeTransform {
  readonly #validators = new Map<unknown, Validator<object> | null>();

  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    const source = SOURCES[type];
    if (source === undefined || metatype === undefined) return value;
    const validate = this.#validatorOf(metatype);
    if (validate === null) return value;
    const result = validate(value, source);
    if ('violations' in result) {
      // A field is missing more often because it is mistyped than because it was forgotten.
      warnOfIgnored(metatype as DtoClass, value, source);
      throw invalid(...result.violations);
    }
    const refused = refusedNames(metatype as DtoClass, value, source);
    if (refused.length > 0) throw invalid(...refused);
    warnOfIgnored(metatype as DtoClass, value, source);
    return result.value;
  }

  #validatorOf(metatype: unknown): Validator<object> | null {
    const known = this.#validators.get(metatype);
    if (known !== undefined) return known;
    const made = isDto(metatype) ? compileValidator(metatype) : null;
    this.#validators.set(metatype, made);
    return made;
  }
}

const anyObject: PipeTransform = {
  transform(value: unknown): Readonly<Record<string, unknown>> {
    if (value === undefined || value === null) {
      throw invalid({ type: 'missing', loc: ['body'], msg: 'Field required', input: null });
    }
    if (!isJsonObject(value)) {
      throw invalid({
        type: 'dict_type',
        loc: ['body'],
        msg: 'Input should be a valid dictionary',
        input: value,
      });
    }
    return value;
  },
};

/** A free-form body: any JSON object (422 `dict_type` otherwise). Declare the parameter as `Readonly<Record<string, unknown>>`. */
export const FreeFormBody = (): ParameterDecorator => Body(anyObject);
