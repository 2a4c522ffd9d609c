import type { CoreDefinition, CoreFeatures, EndpointsDefinition } from '../definitions.js';
import { ROUTE_ACCESS, type EndpointsPlugin } from '../endpoints.js';
import { type ConformanceCheck, definitionConformance, freshChecks, must, mustHaveNone } from './checks.js';

/** The conformance suite of cores. */
export function coreConformance(subject: {
  readonly definition: CoreDefinition;
  readonly create: () => CoreFeatures | Promise<CoreFeatures>;
}): readonly ConformanceCheck[] {
  return [
    ...definitionConformance(subject.definition),
    freshChecks(subject.create)('states which parts of the server are on', ({ syncEndpoints }) =>
      must(typeof syncEndpoints === 'boolean', 'syncEndpoints must be true or false'),
    ),
  ];
}

/** The conformance suite of endpoints plugins. */
export function endpointsConformance(subject: {
  readonly definition: EndpointsDefinition;
  readonly create: () => EndpointsPlugin | Promise<EndpointsPlugin>;
}): readonly ConformanceCheck[] {
  const check = freshChecks(subject.create);
  return [
    ...definitionConformance(subject.definition),
    check('returns the parts of a Nest module', ({ module }) => {
      must(typeof module.module === 'function', 'module.module must be a class');
      must(
        (module.controllers ?? []).every((one) => typeof one === 'function'),
        'controllers must be classes',
      );
    }),
    check('declares who may call each route', ({ module }) =>
      mustHaveNone((module.controllers ?? []).flatMap(openRoutes)),
    ),
  ];
}

type ReadMetadata = (key: string | symbol, target: object) => unknown;

/** Routes without an access declaration, according to the metadata that Nest's decorators set. */
function openRoutes(controller: abstract new (...args: never[]) => object): readonly string[] {
  const read = (Reflect as { getMetadata?: ReadMetadata }).getMetadata;
  must(read !== undefined, 'controllers need reflect-metadata');
  const methods = Object.entries(Object.getOwnPropertyDescriptors(controller.prototype as object));
  return methods
    .filter(([, { value }]) => typeof value === 'function' && read('method', value as object) !== undefined)
    .filter(([, { value }]) => !read(ROUTE_ACCESS, value as object) && !read(ROUTE_ACCESS, controller))
    .map(([name]) => `${controller.name}.${name} declares no access, so nobody could call it`);
}
