"""What scripts of exported agents are made of: ``definition.script`` copies from here what each of them uses, with what that
uses. So it is real code, checked like the rest, but nothing of Troupe may be needed by it that cannot be copied along."""
