import type { Value } from '../graph/emitter.js';
import { reduce } from '../graph/tensor-ops.js';
import { only, type LayerDefinition } from './definition.js';
import { channelsFirst, channelsLast, isChannelsFirst, paddingOf, windowCount } from './windows.js';

function pooling(op: string): LayerDefinition {
  return {
    masks: 'drop',
    emit(call) {
      const { config, emit } = call;
      const x = channelsFirst(call, only(call, 3));
      const kernel = config.single('pool_size', 2);
      const stride = config.get('strides') === null ? kernel : config.single('strides', kernel);
      const padding = config.word('padding', ['valid', 'same'], 'valid');
      const window = { kernel, stride, dilation: 1 };
      const [rows = 1, channels = 1, steps = 1] = x.shape;
      const pooled = emit.op(op, [x], [rows, channels, windowCount(steps, window, padding)], {
        attributes: {
          kernel_shape: { ints: [kernel] },
          strides: { ints: [stride] },
          ...paddingOf([steps], [window], padding),
        },
      });
      return channelsLast(call, pooled);
    },
  };
}

function globalPooling(op: string, masks: LayerDefinition['masks']): LayerDefinition {
  return {
    masks,
    emit(call): Value {
      const steps = isChannelsFirst(call) ? 2 : 1;
      return reduce(call.emit, op, only(call, 3), [steps], call.config.flag('keepdims', false));
    },
  };
}

/** Layers that summarize neighbouring steps. */
export const POOLING_LAYERS: Readonly<Record<string, LayerDefinition>> = {
  MaxPooling1D: pooling('MaxPool'),
  AveragePooling1D: pooling('AveragePool'),
  GlobalMaxPooling1D: globalPooling('ReduceMax', 'drop'),
  // A mask would leave steps out of the mean.
  GlobalAveragePooling1D: globalPooling('ReduceMean', 'use'),
};
