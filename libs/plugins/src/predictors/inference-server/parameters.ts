import {
  choice,
  decimal,
  flag,
  integer,
  map,
  numberList,
  type ParameterDeclarations,
  type ParametersOf,
  text,
  textList,
} from '#libs/kernel';
import { forecastParameters, intervalParameters } from '../forecast-question.js';
import { defaultPredictorParameters } from '../default-predictor/parameters.js';

/** Parameters of `inference_server`. */
export const inferenceServerParameters = {
  ...forecastParameters,
  ...intervalParameters,
  inference_url: text(
    { default: null, pattern: /^https?:\/\/[^\s@?#]+$/i },
    'Address of the server, with a path if it stands behind one: `https://triton.example.com/serving`. `http` is allowed only where all addresses behind it lie in `inference_networks`.',
  ),
  inference_model: text({ default: null, minLength: 1 }, 'Name of the model at the server.'),
  inference_version: text(
    { default: null, minLength: 1 },
    "Version of the model; null takes the server's choice. An answer of another version is refused.",
  ),
  inference_headers: map(
    { items: 'string', secret: true },
    'Headers of every request, such as `{"Authorization": "Bearer …"}`. They may hold credentials.',
  ),
  inference_networks: textList(
    [],
    'Addresses and networks that are not public and may be called, such as `10.0.0.0/8`. Public ones are always allowed, with `https`.',
  ),
  inference_ca_path: text(
    { default: null, minLength: 1 },
    'PEM file of the authorities that sign the certificate of the server; null: those of Node.',
  ),
  inference_format: choice(
    { default: 'auto', oneOf: ['auto', 'json', 'binary'] },
    'How numbers are sent: as JSON, or as bytes behind it. `auto` takes bytes where the server names the extension `binary_tensor_data`.',
  ),
  inference_input: text(
    { default: null, minLength: 1 },
    'Name of the input; null: the one in the metadata of the server.',
  ),
  inference_input_shape: numberList(
    [],
    'Shape of the input, rows first, -1 for lengths that may vary; empty: as in the metadata of the server, which some servers leave out.',
  ),
  inference_datatype: choice(
    { default: 'FP32', oneOf: ['FP16', 'FP32', 'FP64'] },
    'Type of the input where the metadata of the server name none.',
  ),
  inference_output: text(
    { default: null, minLength: 1 },
    'Name of the output that is the forecast; null: the one in the metadata of the server, or the only one in its answers.',
  ),
  inference_sample_output: text(
    { default: null, minLength: 1 },
    'Name of an output with random passes, of shape (rows, passes, steps). Null: the model is asked once, and no uncertainty is known.',
  ),
  inference_send_samples: flag(
    true,
    'Send `samples` (`mc_samples`) and `seed` as parameters of requests for `inference_sample_output`. A seed is told in the answer only when the server says that it used it.',
  ),
  inference_metadata_path: text(
    { default: null, minLength: 1 },
    'JSON file that says what a model beside the service says in NAME_metadata.json: columns, window, target, units of the outputs, normalisation.',
  ),
  mc_samples: defaultPredictorParameters.mc_samples,
  mc_seed: defaultPredictorParameters.mc_seed,
  inference_batch_rows: integer(
    { default: 256, min: 1, max: 65_536 },
    'Maximum number of windows in one request. Windows that wait at the same moment travel together where the number of rows may vary.',
  ),
  inference_concurrency: integer(
    { default: 4, min: 1, max: 256 },
    'Maximum number of requests at the same time.',
  ),
  inference_timeout_seconds: decimal(
    { default: 10, min: 0.01, max: 600 },
    'Time limit of one request, in seconds.',
  ),
  inference_retries: integer(
    { default: 1, min: 0, max: 10 },
    'Number of repeats of a request whose connection was lost or not made.',
  ),
  inference_break_after: integer(
    { default: 5, min: 1, max: 1_000 },
    'Number of consecutive failed requests after which no requests are sent for `inference_break_seconds`.',
  ),
  inference_break_seconds: decimal(
    { default: 30, min: 0.01, max: 3_600 },
    'Seconds without requests after `inference_break_after` failures.',
  ),
  inference_answer_bytes: integer(
    { default: 16_777_216, min: 1_024, max: 1_073_741_824 },
    'Maximum size of an answer of the server, in bytes.',
  ),
  inference_required: flag(
    false,
    'Whether `/health/ready` is 503 while the model is not ready. It is shown there in any case.',
  ),
} as const satisfies ParameterDeclarations;

export type InferenceServerSettings = ParametersOf<typeof inferenceServerParameters>;
