import { BooleanField, IntegerField, ListField, NestedField, objectSchema, StringField } from '#libs/http';
import { DATATYPES } from '#libs/open-inference';

const MODEL = {
  minLength: 1,
  maxLength: 100,
  description: 'A predictor with a model, or a name in `model_files`.',
  example: 'default_predictor',
} as const;
const SHA256 = 'f2ca1bb6c7e907d06dafe4687e579fce76b37e4e93b7605022da52e6ccc26fd2';

export class ModelPath {
  @StringField(MODEL) model!: string;
}

export class ModelVersionPath {
  @StringField(MODEL) model!: string;

  @StringField({
    minLength: 1,
    maxLength: 100,
    description: 'Version of the model: the SHA-256 of its file. Another one is 404.',
    example: SHA256,
  })
  version!: string;
}

export class ServerOut {
  @StringField({ example: 'prediction-provider' }) name!: string;
  @StringField({ description: 'Version of the service.', example: '0.1.0' }) version!: string;
  @ListField(StringField(), {
    description: '`binary_tensor_data`: tensors may follow behind the JSON.',
    example: ['binary_tensor_data'],
  })
  extensions!: readonly string[];
}

export class ServerLiveOut {
  @BooleanField({ example: true }) live!: boolean;
}

export class ModelReadyOut {
  @StringField({ example: 'default_predictor' }) name!: string;
  @BooleanField({ example: true }) ready!: boolean;
}

export class TensorPortOut {
  @StringField({ description: 'Name.', example: 'window' }) name!: string;
  @StringField({ description: 'Type of its numbers.', example: 'FP32' }) datatype!: string;
  @ListField(IntegerField(), {
    description: 'Lengths of the axes, rows first; -1 may vary.',
    example: [-1, 24, 8],
  })
  shape!: readonly number[];
}

export class ModelOut {
  @StringField({ example: 'default_predictor' }) name!: string;
  @ListField(StringField(), {
    description: 'The SHA-256 of the model as its file is now.',
    example: [SHA256],
  })
  versions!: readonly string[];
  @StringField({ description: 'Kind of the model file.', example: 'keras' }) platform!: string;
  @ListField(NestedField(TensorPortOut)) inputs!: readonly TensorPortOut[];
  @ListField(NestedField(TensorPortOut), {
    description:
      'A model with random layers also gives `NAME_samples`: every pass, behind the axis of the rows.',
  })
  outputs!: readonly TensorPortOut[];
}

const text = { type: 'string' } as const;
const parameters = {
  type: 'object',
  additionalProperties: { type: ['string', 'number', 'boolean'] },
  description:
    'Names and values. `binary_data_size`: bytes of this tensor behind the JSON, in place of `data`.',
} as const;
const tensor = objectSchema(
  {
    name: text,
    shape: { type: 'array', items: { type: 'integer', minimum: 0 }, minItems: 1, maxItems: 8 },
    datatype: { type: 'string', enum: [...DATATYPES] },
    parameters,
    data: { type: 'array', items: {}, description: 'Numbers, row by row; flat, or nested as the shape.' },
  },
  ['parameters', 'data'],
);

/** What is asked, in the words of the protocol. */
export const INFER_REQUEST = objectSchema(
  {
    id: { ...text, description: 'Comes back in the answer.' },
    parameters: {
      ...parameters,
      description:
        '`samples`: passes with the random layers active; `seed`: repeats them; `binary_data_output`: all outputs behind the JSON.',
    },
    inputs: { type: 'array', items: tensor, minItems: 1 },
    outputs: {
      type: 'array',
      items: objectSchema({ name: text, parameters }, ['parameters']),
      description: 'Wanted outputs; absent: all of them. `binary_data` in its parameters: behind the JSON.',
    },
  },
  ['id', 'parameters', 'outputs'],
);

/** What is answered. */
export const INFER_RESPONSE = objectSchema(
  {
    model_name: text,
    model_version: { ...text, description: 'SHA-256 of the model that answered.' },
    id: text,
    parameters: {
      ...parameters,
      description:
        '`samples` and `seed` of random passes; `model_note`: what to know of a model of its author’s own class.',
    },
    outputs: { type: 'array', items: tensor },
  },
  ['id', 'parameters'],
);

export const INFER_EXAMPLE = {
  id: '42',
  inputs: [{ name: 'window', shape: [1, 2, 2], datatype: 'FP32', data: [1, 2, 3, 4] }],
};
export const INFER_ANSWER_EXAMPLE = {
  model_name: 'default_predictor',
  model_version: SHA256,
  id: '42',
  outputs: [{ name: 'dense', shape: [1, 2], datatype: 'FP32', data: [0.25, 0.5] }],
};
