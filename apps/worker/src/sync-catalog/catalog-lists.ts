import type { UpstreamCatalog } from '#mcp';

/** The lists of a catalogue, by their names in {@link UpstreamCatalog}. */
export const listNames = ['tools', 'resources', 'resourceTemplates', 'prompts'] as const satisfies readonly Exclude<
  keyof UpstreamCatalog,
  'warnings'
>[];

/** See {@link listNames}. */
export type ListName = (typeof listNames)[number];

/** Where a list is stored. */
export interface CatalogTable {
  readonly table: string;
  /** The column that, with the upstream, identifies a row. */
  readonly key: string;
  /** What may not be longer: the widest text that the index over the key takes. */
  readonly keyFits: (key: string) => boolean;
  readonly keyLimit: string;
  /** Columns that this table has beside those of all lists. */
  readonly more: readonly ('name' | 'mime_type')[];
}

const byName = { key: 'name', keyFits: (key: string) => key.length <= 512, keyLimit: '512 characters', more: [] };
const byUri = {
  keyFits: (key: string) => Buffer.byteLength(key) <= 2048,
  keyLimit: '2048 bytes',
  more: ['name', 'mime_type'],
} as const;

/** The table of each list. */
export const catalogTables: Readonly<Record<ListName, CatalogTable>> = {
  tools: { table: 'tools', ...byName },
  resources: { table: 'resources', key: 'uri', ...byUri },
  resourceTemplates: { table: 'resource_templates', key: 'uri_template', ...byUri },
  prompts: { table: 'prompts', ...byName },
};
