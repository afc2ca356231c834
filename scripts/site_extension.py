"""How attributes are described on the documentation site, for griffe, which reads the source."""

from __future__ import annotations

import griffe


class Attributes(griffe.Extension):
    """Show the resource that an accessor gives, and which method another name stands for."""

    def on_attribute_instance(self, *, attr: griffe.Attribute, **_: object) -> None:
        """Replace what is an implementation detail."""
        annotation = attr.annotation
        if isinstance(annotation, griffe.ExprSubscript) and str(annotation.left) == "Accessor":
            attr.annotation, attr.value = annotation.slice, None
        elif str(annotation) == "Itself":
            attr.annotation, attr.value = "Self", None
        elif isinstance(attr.value, griffe.ExprName) and attr.parent is not None:
            method = attr.parent.members.get(attr.value.name)
            if isinstance(method, griffe.Function) and attr.docstring is None:
                attr.docstring = griffe.Docstring(f"The same as `{method.name}`.", parent=attr)
