"""What a command does once it may: take words, answer, and hand results out."""

from amaranth import *


def exchange(m, accelerator, msm, names, left, reply, values, results):
    """The states of this, by two `names`: `left` words of the accelerator's commands go to the
    stream `values`, whose payload they are already; `reply` is answered; and `results` go out until
    `msm` is ready again."""
    commands, answers = accelerator.words, accelerator.answers
    taking, answering = names
    with m.State(taking):
        m.d.comb += [values.valid.eq(commands.valid), commands.ready.eq(values.ready)]
        with m.If(commands.valid & commands.ready):
            m.d.sync += left.eq(left - 1)
            with m.If(left == 1):
                m.next = f"{taking}_TAKEN"
    with m.State(f"{taking}_TAKEN"):
        m.d.comb += [answers.valid.eq(1), answers.payload.eq(reply)]
        with m.If(answers.ready):
            m.next = answering
    with m.State(answering):
        m.d.comb += [answers.valid.eq(results.valid), answers.payload.eq(results.payload),
                     results.ready.eq(answers.ready)]
        with m.If(msm.ready):
            m.next = "COMMAND"
