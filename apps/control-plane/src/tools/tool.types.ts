import { ObjectType } from '@nestjs/graphql';
import { connectionOf } from '../graphql/connection.js';
import { Node } from '../graphql/node.js';
import { CatalogObject } from '../upstreams/catalog-object.types.js';

@ObjectType({ implements: () => Node, description: 'A tool that an upstream offers.' })
export class Tool extends CatalogObject {}

@ObjectType()
export class ToolConnection extends connectionOf(Tool) {}
