import { addUpstream, startFixtureServer, textTool, type ControlPlaneClient, type FixtureServer } from '#testing';

type Json = Record<string, unknown>;

/** Differ in their last letters only, which no name of 60 characters can hold. */
export const longNames = ['a', 'b'].map((end) => `${'quarterly-report-of-the-accounts-department-'.repeat(2)}${end}`);

/** Different names that would become one, were odd characters just replaced. */
export const oddNames = ['sum.of', 'sum/of', 'sum of', 'sum_of', 'summe für alle'];

/** How many tools each upstream offers. */
export const toolsEach = 100;

/** An upstream among many: `run` tells which one was called, and by which name. */
export interface CrowdMember {
  readonly slug: string;
  readonly server: FixtureServer;
}

const answering = (slug: string, name: string) =>
  textTool(name, `${name} of ${slug}`, (args) => JSON.stringify({ slug, name, args }), { type: 'object' });

async function startMember(index: number): Promise<CrowdMember> {
  const slug = `crowd-${index}`;
  const legacy = index % 2 === 0;
  const server = await startFixtureServer(
    legacy ? { era: 'legacy', sessions: true, sse: index % 4 === 0, pageSize: 30 } : { era: 'modern', pageSize: 30 },
  );
  const { prompts, tools } = server.catalogue;
  tools.push(...[...longNames, ...oddNames].map((name) => answering(slug, name)));
  for (let number = tools.length; number < toolsEach; number += 1)
    tools.push(answering(slug, `tool-${String(number).padStart(3, '0')}`));
  // Not in the order in which they are to be listed.
  tools.reverse();
  for (const name of longNames)
    prompts.push({
      definition: { name },
      get: () => ({ messages: [{ role: 'user', content: { type: 'text', text: `${slug} ${name.slice(-1)}` } }] }),
    });
  return { slug, server };
}

/** Ten servers of 100 tools, five of each era, registered at `admin`. */
export async function startCrowd(admin: ControlPlaneClient): Promise<readonly CrowdMember[]> {
  // The last ones are registered first: no order of a list may come from here.
  const crowd = await Promise.all(Array.from({ length: 10 }, (_, index) => startMember(index)));
  for (const { slug, server } of crowd.toReversed()) await addUpstream(admin, slug, server.url);
  return crowd;
}

/** What a tool of the crowd answered. */
export const whoAnswered = (result: Json | undefined): Json => {
  const [block] = (result?.['content'] ?? []) as { text: string }[];
  return JSON.parse(block?.text ?? 'null') as Json;
};
