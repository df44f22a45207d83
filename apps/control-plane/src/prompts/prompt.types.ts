import { ObjectType } from '@nestjs/graphql';
import { connectionOf } from '../graphql/connection.js';
import { Node } from '../graphql/node.js';
import { CatalogObject } from '../upstreams/catalog-object.types.js';

@ObjectType({ implements: () => Node, description: 'A prompt that an upstream offers.' })
export class Prompt extends CatalogObject {}

@ObjectType()
export class PromptConnection extends connectionOf(Prompt) {}
