// `import { createNode } from 'shoal'`: the node inside another program.

export {
  type CreateNodeOptions,
  createNode,
  type EmbeddedNode,
  type EmbeddedTransfer,
} from '@shoal/node/library';
