import { homedir } from 'node:os';
import path from 'node:path';

/** What the command line client reads from its environment; all of it optional. */
export interface CliEnvironment {
  /** `GATEHOUSE_URL`: origin of the control plane. */
  readonly url: string | undefined;
  /** `GATEHOUSE_TOKEN`: an API token. */
  readonly token: string | undefined;
  /** `GATEHOUSE_PROFILE`: which entry of the profile file is used; `default` when absent. */
  readonly profile: string;
  /** The folder of user settings: `$XDG_CONFIG_HOME`, else `~/.config`. */
  readonly configHome: string;
}

const given = (text: string | undefined): string | undefined => (text === undefined || text === '' ? undefined : text);

/** Reads what the command line client may find in the environment. Empty variables count as absent. */
export function readCliEnvironment(env: NodeJS.ProcessEnv = process.env): CliEnvironment {
  const configHome = given(env.XDG_CONFIG_HOME);
  return {
    url: given(env.GATEHOUSE_URL),
    token: given(env.GATEHOUSE_TOKEN),
    profile: given(env.GATEHOUSE_PROFILE) ?? 'default',
    // The XDG specification tells programs to ignore a relative path.
    configHome: configHome && path.isAbsolute(configHome) ? configHome : path.join(homedir(), '.config'),
  };
}

/** The environment for a child process: this process's own, with some variables set anew or (undefined) left out. */
export function childEnvironment(changes: Readonly<Record<string, string | undefined>>): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries({ ...process.env, ...changes }).filter(([, value]) => value !== undefined));
}
