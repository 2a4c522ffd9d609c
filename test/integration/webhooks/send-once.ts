import { systemClock } from '#libs/kernel';
import { goOn, messageTo, ScriptedResolver, senderTo } from './sending.js';

/** Sends one message to the URL in the first argument, whose host is this machine, and prints what came of it. */
const resolver = new ScriptedResolver(() => ['127.0.0.1']);
const sender = senderTo(['127.0.0.1'], systemClock, resolver);
process.stdout.write(JSON.stringify(await sender.send(messageTo(process.argv[2] ?? ''), goOn())));
