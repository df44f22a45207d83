import { Module } from '@nestjs/common';
import { VirtualServerContentResolver } from './virtual-server-content.resolver.js';
import { VirtualServerEntriesResolver } from './virtual-server-entries.resolver.js';
import { VirtualServerEntriesService } from './virtual-server-entries.service.js';
import { VirtualServersResolver } from './virtual-servers.resolver.js';
import { VirtualServersService } from './virtual-servers.service.js';

@Module({
  providers: [
    VirtualServersResolver,
    VirtualServersService,
    VirtualServerContentResolver,
    VirtualServerEntriesResolver,
    VirtualServerEntriesService,
  ],
})
export class VirtualServersModule {}
