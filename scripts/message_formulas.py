"""The messages of a conversion as formulas of docs/scaling.md: how many, and of how many bytes.

For Open MPI 4.1, whose collective calls send few bytes so: MPI_Allreduce by doubling (log2 R steps of all ranks),
MPI_Iallreduce along a tree and back. R is the number of ranks, H that of nodes, P that of pixels.
"""
import math

RECORD = 88  # bytes of a pixel on its way to the rank that writes its row (struct mzg_row_record)
HEAD, NODE, PACE = 136, 24, 16  # bytes of a tally: once, of each node, of each rank (src/stream/tally.c)
SLICE = 8  # bytes of a row's slice on its way to another rank, beside its values (src/stage/exchange.c)


def tally_bytes(ranks, nodes):
    return HEAD + NODE * nodes + PACE * ranks


def allreduce_messages(ranks):
    """Of few bytes: by doubling among the largest power of 2; the others hand over before and get the result behind."""
    doubling = 1 << (ranks.bit_length() - 1)
    return 2 * (ranks - doubling) + doubling * int(math.log2(doubling))


def round_messages(ranks):
    """{function: messages of all ranks} of a round, however rows wait, in which no chunk of a file begins. With `direct`,
    rows and units have messages of their own."""
    return {"Iallreduce": 2 * (ranks - 1)}


def round_bytes(ranks, nodes, streaming):
    """{function: bytes of all ranks}; those of MPI_Allreduce number the rows of the round, once all are there."""
    sent = {"Iallreduce": 2 * (ranks - 1) * tally_bytes(ranks, nodes)}
    if streaming != "off":
        sent["Allreduce"] = 8 * allreduce_messages(ranks)
    return sent


def most_direct_messages(ranks, rounds, units):
    """Of all ranks in a run with `direct`, from above: each packed unit goes to who writes its shard, and the end of each
    chunk, that makes no unit whole, to who packs it (src/spatialdata/direct.c)."""
    return units + ranks * rounds


def transposition_bytes(pixels, values, ranks, value_bytes=4):
    """Of all ranks, at most: a value goes with its bin, a row with values for another rank as a slice."""
    entries = (4 + value_bytes) * values
    heads = min(4 * pixels * (ranks - 1), SLICE * values)
    return entries + heads
