/** One message of a stream of server-sent events. */
export interface ServerEvent {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/** The messages in a body, as the HTML standard reads them; comments and messages without data are left out. */
export async function* eventsIn(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  for await (const block of partsOf(body, '\n\n')) {
    const message = messageOf(block);
    if (message.data !== '') yield message;
  }
}

/** The lines of a body, the last one too when nothing ends it. */
export const linesOf = (body: ReadableStream<Uint8Array>): AsyncGenerator<string> =>
  partsOf(body, '\n', true);

/** What stands before each separator; what follows the last one only when the rest counts too. */
async function* partsOf(
  body: ReadableStream<Uint8Array>,
  separator: string,
  withRest = false,
): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const parts = (rest + value).replaceAll('\r\n', '\n').split(separator);
      rest = parts.pop() ?? '';
      yield* parts;
    }
    if (withRest && rest !== '') yield rest;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function messageOf(block: string): ServerEvent {
  const fields: Record<string, string[]> = {};
  for (const line of block.split('\n')) {
    const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
    if (name !== '') (fields[name] ??= []).push(value);
  }
  return {
    id: fields['id']?.at(-1) ?? '',
    event: fields['event']?.at(-1) ?? 'message',
    data: fields['data']?.join('\n') ?? '',
  };
}
