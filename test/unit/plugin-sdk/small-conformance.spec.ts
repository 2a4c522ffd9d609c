import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import {
  coreConformance,
  createPlugin,
  defineCore,
  defineEndpoints,
  endpointsConformance,
  ROUTE_ACCESS,
} from '#libs/plugin-sdk';
import { common, failing } from './broken-plugins.js';

describe('the suites of cores and endpoints', () => {
  class Closed {
    route(): void {}
    notARoute(): void {}
  }
  const asRoute = (controller: typeof Closed): void => {
    Reflect.defineMetadata('method', 0, controller.prototype.route);
  };

  it('find a core that does not say what is on, and faulty definitions', async () => {
    const core = defineCore({
      ...common,
      id: 'Core!',
      parameters: { port: { type: 'integer', default: 0, min: 1, help: ' ' } },
      create: () => ({}) as never,
    });
    expect(await failing(coreConformance({ definition: core, create: () => createPlugin(core) }))).toEqual([
      expect.stringContaining('id must be lower-case'),
      expect.stringMatching(/the default of port 0 is not allowed.*; port has no help/),
      expect.stringContaining('syncEndpoints must be true or false'),
    ]);
  });

  it('find a route without a stated access', async () => {
    asRoute(Closed);
    const create = () => ({ module: { module: class {}, controllers: [Closed] } });
    const definition = defineEndpoints({ ...common, id: 'an_endpoint', create });
    expect(await failing(endpointsConformance({ definition, create }))).toEqual([
      'declares who may call each route: Closed.route declares no access, so nobody could call it',
    ]);
    Reflect.defineMetadata(ROUTE_ACCESS, { mode: 'public' }, Closed);
    expect(await failing(endpointsConformance({ definition, create }))).toEqual([]);
  });
});

describe('createPlugin', () => {
  it('lays the given parameters over the defaults and refuses unknown and faulty ones together', async () => {
    const definition = defineCore({
      ...common,
      id: 'a_core',
      parameters: { port: { type: 'integer', default: 80, min: 1, help: 'Port.' } },
      create: ({ parameters }) => ({ syncEndpoints: parameters.port === 81 }),
    });
    expect(await createPlugin(definition, { port: '81' })).toEqual({ syncEndpoints: true });
    await expect(createPlugin(definition, { port: 0, prot: 1 })).rejects.toMatchObject({
      code: 'not_configured',
      message: 'port: 0 is not allowed; an integer of at least 1; prot: a_core has no such parameter',
    });
  });
});
