import { pino, type DestinationStream } from 'pino';
import type { AppConfig } from '#libs/config';
import { RemoteLogStream } from './remote-log-stream.js';

/** Where log lines go, and how to get the last ones there before the process ends. */
export interface LogStreams {
  readonly streams: readonly DestinationStream[];
  close(): Promise<void>;
}

type Settings = Pick<AppConfig, 'save_log' | 'remote_log' | 'username' | 'password'>;

/** The console, and the file and the URL that the settings name. */
export function openLogStreams(settings: Settings): LogStreams {
  const console = pino.destination({ dest: 1, sync: true });
  const file =
    settings.save_log === null
      ? null
      : pino.destination({ dest: settings.save_log, sync: true, mkdir: true });
  const remote = settings.remote_log === null ? null : new RemoteLogStream(settings.remote_log, settings);
  return {
    streams: [console, file, remote].filter((stream) => stream !== null),
    close: async () => {
      console.flushSync();
      file?.flushSync();
      await remote?.close();
    },
  };
}
