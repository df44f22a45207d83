import { Command } from 'commander';
import { exitCodeHelp } from './exit-codes.js';

/** A command with what all of them share: `--json`, the exit codes in its help, and errors that are thrown, not printed. */
export function defineCommand(name: string, description: string): Command {
  return defineGroup(name, description).option('--json', 'print JSON instead of text');
}

/** A command that only holds others. */
export function defineGroup(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .addHelpText('after', exitCodeHelp)
    .exitOverride()
    .configureOutput({ outputError: () => undefined });
}
