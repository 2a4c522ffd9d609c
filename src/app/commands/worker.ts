import { AppError } from '#libs/kernel';
import { startServer } from '../server.js';
import { EXIT, type Command, print, endDespiteLeftovers, stopSignal } from './command.js';
/** `worker`: runs predictions beside the serving processes, without listening itself. */
export const work: Command = async (config) => {
  if (config.database.kind === 'sqlite') {
    throw new AppError(
      'bad_request',
      'worker requires PostgreSQL; with SQLite, the serving process runs the predictions itself',
    );
  }
  const stopped = stopSignal();
  const server = await startServer(config, { listens: false });
  if (!config.quiet_mode) print('Worker started; waiting for predictions.');
  await stopped;
  await server.stop();
  endDespiteLeftovers();
  return EXIT.done;
};
