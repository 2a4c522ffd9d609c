import { type ModelDescription, subclassNote, type TensorDescription } from '#libs/keras-onnx';
import type { ServingCheck } from '#libs/plugins';
import { table } from './terminal.js';

const NONE = 'none';
const shapeOf = ({ name, shape, dtype }: TensorDescription): string =>
  `${name} (${shape.map((length) => length ?? '?').join(', ')}) ${dtype}`;
const listOf = (names: readonly string[]): string => (names.length === 0 ? NONE : names.join(', '));

/** A model for people: one line for each thing that is worth knowing. */
export function modelText(model: ModelDescription, serving: ServingCheck): string {
  const { facts, parameters, onnx } = model;
  const note = subclassNote(facts);
  const layers = Object.entries(facts.layers).map(([name, count]) =>
    count === 1 ? name : `${count} × ${name}`,
  );
  const rows: (readonly [string, string])[] = [
    ['Model', model.name],
    ['Format', `${model.format}${model.writtenBy === null ? '' : `, written by ${model.writtenBy}`}`],
    ['Files', model.files.join(', ')],
    ['SHA-256', model.sha256],
    ['Inputs', listOf(model.inputs.map(shapeOf))],
    ['Outputs', listOf(model.outputs.map(shapeOf))],
    [
      'Parameters',
      parameters === null
        ? 'not told apart from constants'
        : `${parameters.total} (${parameters.trainable} trainable)`,
    ],
    ['Layers', onnx === null ? listOf(layers) : 'operators of ONNX'],
    ['Operator set', String(model.opset)],
    [
      'Precision',
      facts.dtypePolicies.length === 0 ? 'float32' : `${facts.dtypePolicies.join(', ')}; computed in float32`,
    ],
    ['Quantized', listOf(facts.quantization)],
    ['Masking', listOf(facts.masking)],
    ['Custom layers', listOf(facts.customLayers)],
    ...(note === null ? [] : [['Own model class', note] as const]),
    ['Random layers', listOf(facts.stochasticLayers)],
    [
      'Sampling',
      model.samplingRefused ??
        (model.stochastic ? 'varies from pass to pass' : 'answers without spread: nothing in it is random'),
    ],
    ['Weights', weightsText(model)],
    ...(onnx === null || onnx.cut.length === 0 ? [] : [['Not answered', onnx.cut.join(', ')] as const]),
    ['Served', serving.fault === null ? 'yes' : `no: ${serving.fault}`],
    ['Metadata', serving.metadata ?? NONE],
    [
      'Window',
      serving.window === null ? 'not known' : `${serving.window} bars of ${String(serving.columns)} columns`,
    ],
    ['Columns', columnsOf(serving)],
  ];
  return table(rows).join('\n');
}

function columnsOf({ featureColumns, columns }: ServingCheck): string {
  if (featureColumns !== null) return featureColumns.join(', ');
  if (columns === null) return 'not known';
  return columns === 1 ? 'not named: the target' : `not named: all of the data, which must have ${columns}`;
}

function weightsText({ facts: { notFinite } }: ModelDescription): string {
  if (notFinite.length === 0) return 'all finite';
  const [first] = notFinite;
  const name = [first?.layer, first?.variable].filter((part) => part !== '').join('/');
  const more = notFinite.length === 1 ? '' : ` and ${notFinite.length - 1} more`;
  const what = [`${first?.nan ?? 0} NaN`, `${first?.infinite ?? 0} infinite`].filter(
    (part) => !part.startsWith('0 '),
  );
  return `NOT FINITE: ${what.join(' and ')} in ${name}${more}; the model answers NaN`;
}
