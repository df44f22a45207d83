import { z } from 'zod';

/** Why a text is no address of an upstream, or null; completes the sentence "url …". */
function problemOf(value: string): string | null {
  const url = URL.parse(value);
  if (!url) return 'must be a URL such as https://mcp.example.com/mcp';
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'must begin with http:// or https://';
  if (url.username !== '' || url.password !== '') {
    return 'must not hold a user name or password; give the credential as authHeader and authSecret';
  }
  return value.includes('#') ? 'must not have a fragment (#…); it would never be sent' : null;
}

/** The address of an MCP endpoint, in the one spelling of the URL standard: `http://0x7f.1` becomes `http://127.0.0.1/`. */
export const upstreamUrl = () =>
  z
    .string('must be text')
    .trim()
    .max(2000, 'must have at most 2000 characters')
    .transform((value, issue) => {
      const problem = problemOf(value);
      if (problem === null) return new URL(value).href;
      issue.addIssue({ code: 'custom', message: problem });
      return z.NEVER;
    })
    .refine((href) => href.length <= 2000, 'must have at most 2000 characters');
