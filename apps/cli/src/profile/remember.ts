import type { CliContext } from '../cli-context.js';
import type { SignedIn } from './sign-in.js';

/** Stores a sign-in for later commands and says so. */
export function remember({ env, out, profiles }: CliContext, { profile, email, organization }: SignedIn): void {
  profiles.save(env.profile, profile);
  out.result(
    { url: profile.url, email, organization, profile: env.profile, file: profiles.file },
    `Signed in at ${profile.url} as ${email} (organization ${organization}).\nStored in ${profiles.file}.`,
  );
  const host = new URL(profile.url).hostname;
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(host);
  if (profile.url.startsWith('http:') && !isLocal)
    out.note('warning: this address is http://, so the token crosses the network in the clear.');
  if (env.url !== undefined || env.token !== undefined)
    out.note('GATEHOUSE_URL and GATEHOUSE_TOKEN are set and go before this sign-in.');
}
