/** @file What a command takes for its subject, in words: apart from what finds it, which loads a study's storage. */

/** What the target can be, for help. */
export const subjectText =
  "a study (its best trial; my-study@12 another), a published genotype (nasnet-a), a space or a space's file (darts@7 its sample of seed 7, my-cells.yaml@by-hand a named one), a network by name, a training (its run's name), or a model (its folder, its name after import, a network.json)";
