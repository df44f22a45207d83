import { defineEntity, p } from '@mikro-orm/core';
import { catalogKinds } from '#contracts';
import { Prompt } from './prompt.js';
import { ResourceTemplate } from './resource-template.js';
import { Resource } from './resource.js';
import { identified } from './identified.js';
import { Tool } from './tool.js';
import { VirtualServer } from './virtual-server.js';

const schema = defineEntity({
  name: 'VirtualServerEntry',
  tableName: 'virtual_server_entries',
  properties: {
    ...identified,
    virtualServerId: () =>
      p.manyToOne(VirtualServer).mapToPk().fieldName('virtual_server_id').deleteRule('cascade').index(),
    kind: p.enum(catalogKinds),
    toolId: () => p.manyToOne(Tool).mapToPk().fieldName('tool_id').deleteRule('cascade').strictNullable().index(),
    resourceId: () =>
      p.manyToOne(Resource).mapToPk().fieldName('resource_id').deleteRule('cascade').strictNullable().index(),
    resourceTemplateId: () =>
      p
        .manyToOne(ResourceTemplate)
        .mapToPk()
        .fieldName('resource_template_id')
        .deleteRule('cascade')
        .strictNullable()
        .index(),
    promptId: () => p.manyToOne(Prompt).mapToPk().fieldName('prompt_id').deleteRule('cascade').strictNullable().index(),
    /** What clients of this virtual server see and send: a tool's or prompt's name, a resource's URI. */
    exposedName: p.string().length(2200),
    nameOverride: p.string().length(128).strictNullable(),
    descriptionOverride: p.text().strictNullable(),
    createdAt: p.datetime(3).onCreate(() => new Date()),
  },
  uniques: [{ name: 'virtual_server_entries_exposed_unique', properties: ['virtualServerId', 'kind', 'exposedName'] }],
  checks: [
    {
      name: 'virtual_server_entries_one_target',
      expression:
        "num_nonnulls(tool_id, resource_id, resource_template_id, prompt_id) = 1 and (kind = 'TOOL') = (tool_id is not null) and (kind = 'RESOURCE') = (resource_id is not null) and (kind = 'RESOURCE_TEMPLATE') = (resource_template_id is not null) and (kind = 'PROMPT') = (prompt_id is not null)",
    },
  ],
});

/** One catalogue object in a virtual server, with its overrides. */
export class VirtualServerEntry extends schema.class {}
schema.setClass(VirtualServerEntry);
