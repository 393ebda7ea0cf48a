/** @file What is trained: NASNet-A, the cells that the paper's search found, at the smallest size of the CIFAR network. */
import { costOf } from "cellwright/network";
import { nasnet, nasnetOutputs } from "cellwright/spaces";
import { cellsOf } from "../../src/draw/index.ts";

/** N and F of the paper: Normal cells in each of the three stacks, filters of the first. */
export const skeleton = { cellsPerStack: 1, filters: 8 } as const;

const genotype = nasnet.named["nasnet-a"] ?? {};

export const model = nasnet.decode(genotype, skeleton).network;

export const modelCost = costOf(model);

/** The Normal and the Reduction cell, for drawings. */
export const modelCells = cellsOf(nasnet, genotype, nasnetOutputs);
