#!/usr/bin/env node
import 'reflect-metadata';
import { endDespiteLeftovers } from './app/commands/command.js';
import { runCommand } from './app/commands/run-command.js';

process.exitCode = await runCommand(process.argv.slice(2));
endDespiteLeftovers();
