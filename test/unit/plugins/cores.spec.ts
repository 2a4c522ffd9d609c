import { describe, expect, it } from '@jest/globals';
import { coreConformance, createPlugin } from '#libs/plugin-sdk';
import { defaultCore, syncCore } from '../../../libs/plugins/src/cores/cores.js';
import { conform } from './conform.js';

describe.each([
  { id: defaultCore.id, definition: defaultCore, syncEndpoints: false },
  { id: syncCore.id, definition: syncCore, syncEndpoints: true },
])('core $id', ({ definition, syncEndpoints }) => {
  conform(coreConformance({ definition, create: () => createPlugin(definition) }));

  it(`${syncEndpoints ? 'serves' : 'does not serve'} the synchronous answers`, async () => {
    expect(await createPlugin(definition)).toEqual({ syncEndpoints });
  });
});
