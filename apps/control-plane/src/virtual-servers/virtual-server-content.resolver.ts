import { Args, Context, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { PageArgs, PagePipe } from '../graphql/page-args.js';
import { VirtualServerEntryConnection } from './virtual-server-entry.types.js';
import { VirtualServer } from './virtual-server.types.js';

/** The field that entries add to virtual servers. */
@Resolver(() => VirtualServer)
export class VirtualServerContentResolver {
  @ResolveField(() => VirtualServerEntryConnection)
  entries(@Parent() { id }: VirtualServer, @Context() { loaders }: GraphqlContext, @Args(PagePipe) page: PageArgs) {
    return loaders.connection('VirtualServerEntry', 'virtualServerId', id, page);
  }
}
