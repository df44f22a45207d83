/** Methods whose results say for whom, and how long, they may be kept (2026-07-28, Caching). */
export const cacheable: ReadonlySet<string> = new Set([
  'server/discover',
  'tools/list',
  'resources/list',
  'resources/templates/list',
  'prompts/list',
  'resources/read',
]);
