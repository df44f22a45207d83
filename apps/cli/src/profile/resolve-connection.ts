import type { CliEnvironment } from '#config';
import { CommandFailure, usage } from '../command-failure.js';
import { exitCodes } from '../exit-codes.js';
import type { Profile, ProfileStore } from './profile-store.js';

/** Where a control plane listens when nobody says otherwise. */
export const defaultUrl = 'http://127.0.0.1:4000';

/** The origin in an address that a person typed. @throws CommandFailure (usage) that names where it came from */
export function originOf(text: string, source: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.username !== '')
    throw usage(`${source} must be an address such as https://gatehouse.example.com, not "${text}".`);
  return url.origin;
}

/** The control plane to talk to: `--url`, else `GATEHOUSE_URL`, else the profile's, else the default address. */
export function resolveUrl(option: string | undefined, env: CliEnvironment, profile: Profile | null): string {
  if (option !== undefined) return originOf(option, '--url');
  if (env.url !== undefined) return originOf(env.url, 'GATEHOUSE_URL');
  return profile?.url ?? defaultUrl;
}

/**
 * The control plane and the token of a signed-in command. The token of a profile goes to the address it was made for and
 * to no other, whatever `GATEHOUSE_URL` says.
 */
export function resolveConnection(env: CliEnvironment, store: ProfileStore): Profile {
  const profile = store.find(env.profile);
  const url = resolveUrl(undefined, env, profile);
  const token = env.token ?? (profile?.url === url ? profile.token : undefined);
  if (token !== undefined) return { url, token };
  throw new CommandFailure(exitCodes.notAuthenticated, {
    code: 'UNAUTHENTICATED',
    message: `Not signed in at ${url}.`,
    remedy: `Run \`gatehouse login --url ${url}\`, or set GATEHOUSE_URL and GATEHOUSE_TOKEN.`,
  });
}
