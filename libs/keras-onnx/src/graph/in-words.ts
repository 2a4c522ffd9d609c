import { ModelError } from '../errors.js';
import type { Argument, LayerSpec, ModelSpec } from './spec.js';

/**
 * The error in words of whoever built the model. Keras numbers the nodes of `keras.ops` itself (`any_11`): an operation is told
 * by what was called and by the layers that it comes behind.
 */
export function inWordsOf(model: ModelSpec, error: unknown): unknown {
  if (!(error instanceof ModelError) || error.layer === undefined) return error;
  const name = error.layer;
  const found = findLayer(model, name);
  const numbered = `layer '${name}'`;
  if (found?.layer.kind !== 'operation' || !error.detail.startsWith(numbered)) return error;
  const behind = [...before(found.within, found.layer, new Set())].map((one) => `'${one}'`);
  const place = behind.length === 0 ? '' : ` behind ${behind.join(' and ')}`;
  return new ModelError(
    error.code,
    `operation ${found.layer.className}${place}${error.detail.slice(numbered.length)}`,
    { layer: name, cause: error },
  );
}

interface Found {
  readonly layer: LayerSpec;
  readonly within: ModelSpec;
}

function findLayer(model: ModelSpec, name: string): Found | undefined {
  for (const layer of model.layers) {
    if (layer.name === name) return { layer, within: model };
    const inner = layer.model === undefined ? undefined : findLayer(layer.model, name);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** The nearest layers before this one that are no operations. */
function before(model: ModelSpec, layer: LayerSpec, seen: Set<string>): Set<string> {
  const names = new Set<string>();
  seen.add(layer.name);
  for (const call of layer.calls)
    for (const source of [...call.args, ...Object.values(call.kwargs)].flatMap(sourcesOf)) {
      const one = model.layers.find(({ name }) => name === source);
      if (one?.kind !== 'operation') names.add(source);
      else if (!seen.has(source)) for (const name of before(model, one, seen)) names.add(name);
    }
  return names;
}

function sourcesOf(argument: Argument): string[] {
  if (typeof argument !== 'object' || argument === null) return [];
  if (Array.isArray(argument)) return (argument as readonly Argument[]).flatMap(sourcesOf);
  return 'kind' in argument && argument.kind === 'tensor' ? [argument.layer] : [];
}
