import { checkParameter } from '#libs/kernel';
import { definitionFaults } from '../definition-faults.js';
import type { PluginDefinition } from '../definitions.js';
import { mustHaveNone, type ConformanceCheck } from './checks.js';

/** What every definition must be, whatever its kind. The suites of the kinds include these checks. */
export function definitionConformance(definition: PluginDefinition): readonly ConformanceCheck[] {
  return [
    {
      name: 'is a definition for this version of the contract',
      run: async () => mustHaveNone(definitionFaults(definition)),
    },
    {
      name: 'declares defaults that its own rules allow, and says what each parameter does',
      run: async () => mustHaveNone(parameterFaults(definition)),
    },
  ];
}

function parameterFaults({ parameters }: PluginDefinition): readonly string[] {
  return Object.entries(parameters).flatMap(([name, declaration]) => {
    const checked = checkParameter(declaration, declaration.default);
    return [
      ...('fault' in checked ? [`the default of ${name} ${checked.fault}`] : []),
      ...(declaration.help.trim() === '' ? [`${name} has no help`] : []),
    ];
  });
}
