from .errors import ConfigError as ConfigError
from .errors import SeracError as SeracError
from .records import Edit as Edit
from .records import EditExample as EditExample
from .records import Query as Query
from .wrapping.answer import Answer as Answer
from .wrapping.edit_log import StoredEdit as StoredEdit
from .wrapping.opening import load as load
from .wrapping.opening import wrap as wrap
from .wrapping.own_parts import train_counterfactual as train_counterfactual
from .wrapping.own_parts import train_scope as train_scope
from .wrapping.wrapped_model import WrappedModel as WrappedModel

__version__: str
