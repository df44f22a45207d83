import { Option, type Command } from 'commander';
import { usage } from '../command-failure.js';
import type { Api } from './create-api.js';
import { findTeam } from './find-team.js';

/** Options of every command that creates something others may see. */
export interface VisibilityOptions {
  readonly visibility?: 'private' | 'team' | 'organization';
  readonly team?: string;
}

/** Adds `--visibility` and `--team`. */
export const withVisibility = (command: Command): Command =>
  command
    .addOption(
      new Option('--visibility <who>', 'who sees it (default: team with --team, else private)').choices([
        'private',
        'team',
        'organization',
      ]),
    )
    .option('--team <slug>', 'the team that it belongs to');

/** The input fields for these options. @throws CommandFailure for options that contradict each other */
export async function visibilityInput(
  api: Api,
  { visibility, team }: VisibilityOptions,
): Promise<{ visibility: string; teamId?: string }> {
  if (visibility === 'team' && team === undefined) throw usage('--visibility team needs --team SLUG.');
  if (visibility !== undefined && visibility !== 'team' && team !== undefined)
    throw usage(`--team goes with --visibility team, not ${visibility}.`);
  if (team === undefined) return { visibility: (visibility ?? 'private').toUpperCase() };
  return { visibility: 'TEAM', teamId: (await findTeam(api, team)).id };
}
