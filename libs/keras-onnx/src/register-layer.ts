import { type LayerRecipe, nearest, type RecipeStep } from '#libs/kernel';
import { addRecipe } from './layers/recipe-book.js';
import { SUPPORTED_OPERATIONS } from './layers/operations.js';
import { SUPPORTED_LAYERS } from './layers/registry.js';

/**
 * Serves a layer class of somebody's own by a recipe, or by the name of one of {@link LAYER_RECIPES}, in this process from now on:
 * `TransformerBlock`, or `package>TransformerBlock` for that of one package only. Nothing of the class itself is run: its
 * configuration must be what the recipe says, and its variables must have the shapes that the recipe's layers have.
 * @throws TypeError that names what is wrong with the recipe
 */
export function registerRecipe(className: string, given: LayerRecipe | string): void {
  const recipe = typeof given === 'string' ? recipeCalled(given) : given;
  const faults = faultsOf(className, recipe);
  if (faults.length > 0) throw new TypeError(`the recipe of ${className}: ${faults.join('; ')}`);
  if (!addRecipe(className, structuredClone(recipe)))
    throw new TypeError(`the layer ${className} is registered already, with another recipe`);
}

function recipeCalled(name: string): LayerRecipe {
  const recipes: Readonly<Record<string, LayerRecipe>> = LAYER_RECIPES;
  const found = Object.hasOwn(recipes, name) ? recipes[name] : undefined;
  if (found !== undefined) return found;
  const near = nearest(name, Object.keys(recipes));
  throw new TypeError(
    `there is no recipe '${name}'${near === undefined ? '' : ` (did you mean ${near}?)`}; there are ${Object.keys(recipes).join(', ')}`,
  );
}

function faultsOf(className: string, { settings, variables = [], steps, output }: LayerRecipe): string[] {
  const names = new Set(['input']);
  const faults: string[] = [];
  if (!/^([\w.]+>)?\w+$/.test(className)) faults.push('the class is a name, or package>name');
  for (const key of ['features', 'input'])
    if (Object.hasOwn(settings, key)) faults.push(`'${key}' is no setting, it has a meaning here`);
  for (const { name } of variables)
    if (names.has(name)) faults.push(`'${name}' is named twice`);
    else names.add(name);
  for (const step of steps) {
    faults.push(...stepFaults(step, names));
    names.add(step.name);
  }
  if (steps.length === 0) faults.push('it has no steps');
  if (!steps.some(({ name }) => name === output)) faults.push(`the output '${output}' is no step`);
  return faults;
}

function stepFaults(step: RecipeStep, names: ReadonlySet<string>): string[] {
  const { name, layer, operation, table, inputs } = step;
  const faults: string[] = [];
  if (names.has(name)) faults.push(`'${name}' is named twice`);
  if ([layer, operation, table].filter((one) => one !== undefined).length !== 1)
    faults.push(`the step '${name}' is one of layer, operation and table`);
  if (layer !== undefined && !SUPPORTED_LAYERS.includes(layer))
    faults.push(`the layer '${layer}' of '${name}' is not served`);
  if (operation !== undefined && !SUPPORTED_OPERATIONS.includes(operation))
    faults.push(`the operation '${operation}' of '${name}' is not served`);
  const unknown = inputs.find((one) => typeof one === 'string' && !names.has(one));
  if (unknown !== undefined)
    faults.push(`'${unknown}', an input of '${name}', is no step or variable before it`);
  return faults;
}

const whole = { type: 'integer' } as const;

/** The input and a table of sines and cosines. */
const positional = <Table extends 'sinusoids_interleaved' | 'sinusoids_halves'>(table: Table) =>
  ({
    settings: { max_len: { type: 'integer', default: 0 }, d_model: { type: 'integer', default: 0 } },
    steps: [
      { name: 'table', table, inputs: ['input'] },
      { name: 'sum', operation: 'Add', inputs: ['input', 'table'] },
    ],
    output: 'sum',
  }) as const satisfies LayerRecipe;

/**
 * Recipes of layers that many people write. They are registered for nobody: whoever knows that a class is one of them says so by
 * {@link registerRecipe}; configuration and variables are checked all the same.
 */
export const LAYER_RECIPES = {
  /** Keras' example of a transformer: attention and two dense layers, each behind dropout, added, and normalized. */
  transformerBlock: {
    settings: { embed_dim: whole, num_heads: whole, ff_dim: whole, rate: { type: 'number', default: 0.1 } },
    steps: [
      {
        name: 'att',
        layer: 'MultiHeadAttention',
        config: { num_heads: '$num_heads', key_dim: '$embed_dim' },
        inputs: ['input', 'input'],
      },
      { name: 'dropout1', layer: 'Dropout', config: { rate: '$rate' }, inputs: ['att'] },
      { name: 'sum1', operation: 'Add', inputs: ['input', 'dropout1'] },
      { name: 'layernorm1', layer: 'LayerNormalization', config: { epsilon: 1e-6 }, inputs: ['sum1'] },
      {
        name: 'ffn1',
        layer: 'Dense',
        config: { units: '$ff_dim', activation: 'relu' },
        saved: 'ffn/layers/dense',
        inputs: ['layernorm1'],
      },
      {
        name: 'ffn2',
        layer: 'Dense',
        config: { units: '$embed_dim' },
        saved: 'ffn/layers/dense_1',
        inputs: ['ffn1'],
      },
      { name: 'dropout2', layer: 'Dropout', config: { rate: '$rate' }, inputs: ['ffn2'] },
      { name: 'sum2', operation: 'Add', inputs: ['layernorm1', 'dropout2'] },
      { name: 'layernorm2', layer: 'LayerNormalization', config: { epsilon: 1e-6 }, inputs: ['sum2'] },
    ],
    output: 'layernorm2',
    saves: ['att', 'ffn1', 'ffn2', 'layernorm1', 'layernorm2', 'dropout1', 'dropout2'],
  },
  /** A block of Bai et al. (2018): two causal convolutions with dropout, and the input added, through a third one where widths differ. */
  tcnResidualBlock: {
    settings: {
      filters: whole,
      kernel_size: whole,
      dilation_rate: whole,
      dropout_rate: { type: 'number', default: 0 },
    },
    steps: [
      {
        name: 'conv1',
        layer: 'Conv1D',
        config: {
          filters: '$filters',
          kernel_size: '$kernel_size',
          dilation_rate: '$dilation_rate',
          padding: 'causal',
          activation: 'relu',
        },
        inputs: ['input'],
      },
      { name: 'dropout1', layer: 'Dropout', config: { rate: '$dropout_rate' }, inputs: ['conv1'] },
      {
        name: 'conv2',
        layer: 'Conv1D',
        config: {
          filters: '$filters',
          kernel_size: '$kernel_size',
          dilation_rate: '$dilation_rate',
          padding: 'causal',
          activation: 'relu',
        },
        inputs: ['dropout1'],
      },
      { name: 'dropout2', layer: 'Dropout', config: { rate: '$dropout_rate' }, inputs: ['conv2'] },
      {
        name: 'downsample',
        layer: 'Conv1D',
        config: { filters: '$filters', kernel_size: 1 },
        unlessEqual: ['$filters', '$features'],
        inputs: ['input'],
      },
      { name: 'sum', operation: 'Add', inputs: ['downsample', 'dropout2'] },
      { name: 'out', operation: 'Relu', inputs: ['sum'] },
    ],
    output: 'out',
  },
  /** The input and a table of sines and cosines, turn by turn. */
  positionalEncoding: positional('sinusoids_interleaved'),
  /** The same with the sines in front of the cosines. */
  positionalEncodingHalves: positional('sinusoids_halves'),
  /** Kazemi et al. (2019) over the mean of the features: one line and one wave for each step. */
  time2Vec: {
    settings: { seq_len: whole },
    variables: ['weights_linear', 'bias_linear', 'weights_periodic', 'bias_periodic'].map((name) => ({
      name,
      shape: ['$seq_len'],
    })),
    steps: [
      { name: 'mean', operation: 'Mean', config: { axis: -1 }, inputs: ['input'] },
      { name: 'line', operation: 'Multiply', inputs: ['mean', 'weights_linear'] },
      { name: 'linear', operation: 'Add', inputs: ['line', 'bias_linear'] },
      { name: 'wave', operation: 'Multiply', inputs: ['mean', 'weights_periodic'] },
      { name: 'angle', operation: 'Add', inputs: ['wave', 'bias_periodic'] },
      { name: 'periodic', operation: 'Sin', inputs: ['angle'] },
      { name: 'both', operation: 'Stack', config: { axis: -1 }, inputs: ['linear', 'periodic'] },
    ],
    output: 'both',
  },
} as const satisfies Readonly<Record<string, LayerRecipe>>;
