import type { LayerRecipe, RecipeStep, RecipeValue } from '#libs/kernel';
import { corrupt, unsupported } from '../errors.js';
import type { Value } from '../graph/emitter.js';
import { LayerConfig } from '../graph/layer-config.js';
import type { LayerSpec } from '../graph/spec.js';
import {
  known,
  only,
  variable,
  type ChildLayer,
  type LayerCall,
  type LayerDefinition,
  type Resolved,
} from './definition.js';
import { operationOf } from './operations.js';
import { customName, recipeOf } from './recipe-book.js';
import { sinusoids } from './sinusoids.js';
import { wrapped } from './wrapped.js';

/** Settings that every layer of Keras has. */
const COMMON = ['name', 'trainable', 'dtype', 'batch_input_shape', 'batch_shape'];

const definitions = new WeakMap<LayerRecipe, LayerDefinition>();

/** The definition of a custom class. */
export function recipeDefinition(className: string): LayerDefinition | undefined {
  const name = customName(className);
  const recipe = name === undefined ? undefined : recipeOf(name);
  if (name === undefined || recipe === undefined) return undefined;
  const made = definitions.get(recipe) ?? definitionFrom(name, recipe);
  definitions.set(recipe, made);
  return made;
}

function definitionFrom(name: string, recipe: LayerRecipe): LayerDefinition {
  return {
    masks: 'drop',
    savedAs: name.split('>').at(-1) ?? name,
    weights: () =>
      (recipe.variables ?? []).map((one) => ({ name: one.name, trainable: one.trainable !== false })),
    children: (layer) => childrenOf(layer, recipe),
    emit: (call) => emitRecipe(call, recipe),
  };
}

/** The settings of a layer, all of them known to the recipe. */
function settingsOf(layer: LayerSpec, recipe: LayerRecipe): ReadonlyMap<string, number | string | boolean> {
  const config = new LayerConfig(layer.name, layer.config);
  const other = Object.keys(layer.config).find(
    (key) => !COMMON.includes(key) && !Object.hasOwn(recipe.settings, key),
  );
  if (other !== undefined)
    throw unsupported(
      `the setting '${other}' of a ${customName(layer.className) ?? ''}`,
      'name it in the recipe of the layer',
      layer.name,
    );
  return new Map(
    Object.entries(recipe.settings).map(([key, rule]) => {
      const value = config.get(key) ?? rule.default;
      const fits =
        rule.type === 'integer'
          ? Number.isSafeInteger(value)
          : rule.type === 'number'
            ? Number.isFinite(value)
            : typeof value === (rule.type === 'text' ? 'string' : 'boolean');
      if (!fits) throw config.bad(key, `of the type ${rule.type}, as the recipe of the layer says`);
      if (rule.oneOf?.includes(value as string) === false)
        throw unsupported(
          `${key}=${String(value)} of a ${customName(layer.className) ?? ''}`,
          `its recipe takes ${rule.oneOf.join(', ')}`,
          layer.name,
        );
      return [key, value as number | string | boolean];
    }),
  );
}

function filled(value: RecipeValue, settings: ReadonlyMap<string, number | string | boolean>): unknown {
  if (Array.isArray(value)) return value.map((one) => filled(one as RecipeValue, settings));
  return typeof value === 'string' && value.startsWith('$') ? settings.get(value.slice(1)) : value;
}

const raws = new WeakMap<LayerSpec, Map<string, object>>();

/** The layer of a step. The same object for its variables and for each call. */
function innerOf(layer: LayerSpec, step: RecipeStep, recipe: LayerRecipe): LayerSpec {
  const made = raws.get(layer) ?? new Map<string, object>();
  raws.set(layer, made);
  const settings = settingsOf(layer, recipe);
  const config = Object.fromEntries(
    Object.entries(step.config ?? {}).map(([key, value]) => [key, filled(value, settings)]),
  );
  const raw = made.get(step.name) ?? {
    class_name: step.layer,
    config: { name: `${layer.name}/${step.name}`, ...config },
  };
  made.set(step.name, raw);
  return wrapped(layer, step.name, raw);
}

function childrenOf(layer: LayerSpec, recipe: LayerRecipe): ChildLayer[] {
  const order = (step: RecipeStep): number => recipe.saves?.indexOf(step.name) ?? 0;
  return recipe.steps
    .filter((step) => step.layer !== undefined)
    .sort((a, b) => order(a) - order(b))
    .map((step) => ({
      places: [step.saved ?? step.name],
      layer: innerOf(layer, step, recipe),
      isOptional: step.unlessEqual !== undefined,
    }));
}

function emitRecipe(call: LayerCall, recipe: LayerRecipe): Value {
  const input = only(call);
  const settings = new Map(settingsOf(call.layer, recipe));
  const width = input.shape.at(-1);
  if (typeof width === 'number') settings.set('features', width);
  const tensors = new Map<string, Value>([['input', input]]);
  for (const { name, shape } of recipe.variables ?? []) {
    const lengths = shape.map((one) => known(call, Number(filled(one, settings)), `length of '${name}'`));
    tensors.set(name, variable(call, name, lengths));
  }
  for (const step of recipe.steps) tensors.set(step.name, emitStep(call, recipe, step, settings, tensors));
  return tensors.get(recipe.output) ?? input;
}

function emitStep(
  call: LayerCall,
  recipe: LayerRecipe,
  step: RecipeStep,
  settings: ReadonlyMap<string, number | string | boolean>,
  tensors: ReadonlyMap<string, Value>,
): Value {
  const operands = step.inputs.map((one): Resolved => {
    if (typeof one === 'number') return one;
    const value = tensors.get(one);
    if (value === undefined) throw corrupt(`its recipe has no '${one}'`, call.layer.name);
    return { kind: 'value', value };
  });
  const values = operands.flatMap((one) =>
    typeof one === 'object' && one !== null && 'value' in one ? [one.value] : [],
  );
  const [first] = values;
  if (first === undefined)
    throw corrupt(`the step '${step.name}' of its recipe has no tensor`, call.layer.name);
  const [a, b] = (step.unlessEqual ?? []).map((one) => filled(one, settings));
  if (step.unlessEqual !== undefined && a === b) return first;
  if (step.table !== undefined) return sinusoids(call, first, step.table === 'sinusoids_interleaved');
  if (step.layer !== undefined) {
    const inner = innerOf(call.layer, step, recipe);
    // Attention takes its tensors one by one, merging layers a list.
    const [output] = call.inner(inner, values);
    return output ?? first;
  }
  const config = Object.fromEntries(
    Object.entries(step.config ?? {}).map(([key, value]) => [key, filled(value, settings)]),
  );
  const operation = operationOf(step.operation ?? '', call.layer.name);
  const list = step.operation === 'Concatenate' || step.operation === 'Stack' ? [operands] : operands;
  const written = operation({
    ...call,
    config: new LayerConfig(call.layer.name, config),
    args: list,
    kwargs: {},
  });
  return [written].flat()[0] ?? first;
}
