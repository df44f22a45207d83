import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { GraphQLSchemaBuilderModule, GraphQLSchemaFactory } from '@nestjs/graphql';
import { MODULE_METADATA } from '@nestjs/common/constants.js';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { nouns } from '../nouns.js';
import { schemaOptions } from './schema-options.js';

const providersOf = (module: object): unknown[] =>
  (Reflect.getMetadata(MODULE_METADATA.PROVIDERS, module) as unknown[] | undefined) ?? [];

/** The text of schema.graphql, from the classes alone: no database, no network, no listener. */
export async function printGatehouseSchema(): Promise<string> {
  const builder = await NestFactory.createApplicationContext(GraphQLSchemaBuilderModule, { logger: ['error'] });
  try {
    const classes = nouns.flatMap(providersOf).filter((provider) => typeof provider === 'function');
    const schema = await builder.get(GraphQLSchemaFactory).create(classes, schemaOptions);
    return `${printSchema(lexicographicSortSchema(schema))}\n`;
  } finally {
    await builder.close();
  }
}
