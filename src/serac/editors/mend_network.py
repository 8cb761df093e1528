"""MEND's networks: running normalisation and low-rank transformation of gradient factors (section 5).

State names follow the reference: ``editors.(in, out).mlp.layers.{i}.{u,v,bias,mode_shift.weight,mode_scale.weight}``.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

EPSILON = 1e-7


class RunningStatistics(nn.Module):
    """Mean and standard deviation of all rows seen (Welford), saved with the weights.

    (The reference does not save whether there were any rows yet, and starts over after loading.)
    """

    mean: Tensor
    squares: Tensor
    count: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("squares", torch.zeros(width))
        self.register_buffer("count", torch.zeros(1))

    @torch.no_grad()
    def update(self, rows: Tensor) -> None:
        """Fold ``rows`` [n, width] in at once; mathematically the same as one by one."""
        if not len(rows):
            return
        wide = rows.double()
        mean = wide.mean(0)
        squares = (wide - mean).square().sum(0)
        difference, total = mean - self.mean, self.count + len(rows)
        self.squares += squares + difference.square() * self.count * len(rows) / total
        self.mean += difference * len(rows) / total
        self.count.copy_(total)

    @property
    def std(self) -> Tensor:
        """Standard deviation [width]."""
        return (self.squares / (self.count - 1).clamp(min=1)).sqrt()

    def normalise(self, rows: Tensor) -> Tensor:
        """Rows minus the mean, divided by the standard deviation; unchanged rows while fewer than two were seen."""
        if self.count < 2:
            return rows
        return (rows - self.mean) / (self.std + EPSILON)


class LowRankLayer(nn.Module):
    """``h + max(0, scale * (U V h + bias) + shift)``, with a separate scale and shift for every mode."""

    def __init__(self, width: int, rank: int, modes: int, generator: torch.Generator) -> None:
        """Start as the identity: U, bias and shifts are 0, V is drawn from N(0, 1) (reference code)."""
        super().__init__()
        self.u = nn.Parameter(torch.zeros(width, rank))
        self.v = nn.Parameter(torch.randn(rank, width, generator=generator))
        self.bias = nn.Parameter(torch.zeros(width))
        self.mode_shift = nn.Embedding(modes, width, _weight=torch.zeros(modes, width))
        self.mode_scale = nn.Embedding(modes, width, _weight=torch.ones(modes, width))

    def forward(self, hidden: Tensor, mode: int) -> Tensor:
        """Rows [n, width] to rows. The clamp lets gradients through at 0, without which nothing would be learned."""
        change = hidden @ self.v.T @ self.u.T + self.bias
        changed: Tensor = hidden + (self.mode_scale.weight[mode] * change + self.mode_shift.weight[mode]).clamp(min=0)
        return changed


class LowRankNetwork(nn.Module):
    """Low-rank layers one after another."""

    def __init__(self, width: int, rank: int, depth: int, modes: int, generator: torch.Generator) -> None:
        super().__init__()
        self.layers = nn.ModuleList(LowRankLayer(width, min(rank, width), modes, generator) for _ in range(depth))

    def forward(self, hidden: Tensor, mode: int) -> Tensor:
        """Rows [n, width] to rows."""
        for layer in self.layers:
            hidden = layer(hidden, mode)
        return hidden


class FactorEditor(nn.Module):
    """Transforms the gradient factors of all matrices of one shape; each matrix is a mode."""

    def __init__(
        self, inputs: int, outputs: int, rank: int, hidden_layers: int, modes: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.mlp = LowRankNetwork(inputs + outputs, rank, hidden_layers + 1, modes, generator)
        self.u_statistics = RunningStatistics(inputs)
        self.v_statistics = RunningStatistics(outputs)

    def update_statistics(self, inputs: Tensor, deltas: Tensor) -> None:
        """Fold rows of layer inputs [n, in] and output gradients [n, out] into the running statistics."""
        self.u_statistics.update(inputs)
        self.v_statistics.update(deltas)

    def forward(self, inputs: Tensor, deltas: Tensor, mode: int) -> tuple[Tensor, Tensor]:
        """Transformed factors of the same shapes."""
        hidden = torch.cat([self.u_statistics.normalise(inputs), self.v_statistics.normalise(deltas)], dim=-1)
        hidden = self.mlp(hidden, mode)
        return hidden[:, : inputs.shape[1]], hidden[:, inputs.shape[1] :]


class MendNetwork(nn.Module):
    """One :class:`FactorEditor` per matrix shape and one learned step size per matrix.

    ``shapes`` maps the names of the edited matrices to (out, in), in order; the position of a matrix among those of
    its shape is its mode.
    """

    def __init__(
        self, shapes: dict[str, tuple[int, int]], rank: int, hidden_layers: int, edit_rate: float, seed: int
    ) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        keys = {name: str((inputs, outputs)) for name, (outputs, inputs) in shapes.items()}
        members = {key: [name for name in shapes if keys[name] == key] for key in keys.values()}
        self.place = {name: (key, members[key].index(name)) for name, key in keys.items()}
        self.editors = nn.ModuleDict()
        for key, names in members.items():
            outputs, inputs = shapes[names[0]]
            self.editors[key] = FactorEditor(inputs, outputs, rank, hidden_layers, len(names), generator)
        self.edit_lrs = nn.Parameter(torch.full((len(shapes),), edit_rate))

    @torch.no_grad()
    def divide_start_by_width(self) -> None:
        """Divide every V by the square root of its width, so that a step changes all outputs equally (ours)."""
        for module in self.modules():
            if isinstance(module, LowRankLayer):
                module.v.mul_(module.v.shape[1] ** -0.5)

    def transform(
        self, name: str, inputs: Tensor, deltas: Tensor, update_statistics: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Transformed factors of the matrix ``name``; optionally, the rows are first folded into the statistics."""
        key, mode = self.place[name]
        if update_statistics:
            self.editors[key].update_statistics(inputs, deltas)  # type: ignore[operator]
        transformed: tuple[Tensor, Tensor] = self.editors[key](inputs, deltas, mode)
        return transformed
