"""Widgets that move in the built page, in JupyterLab and in Binder from one definition."""

from cnnlib.widgets.block_builder import BlockBuilder
from cnnlib.widgets.channel_mixer import ChannelMixer
from cnnlib.widgets.conv_backward import ConvBackward
from cnnlib.widgets.conv_matrix import ConvMatrix
from cnnlib.widgets.conv_stepper import ConvStepper
from cnnlib.widgets.digit_reader import DigitReader
from cnnlib.widgets.geometry import Geometry
from cnnlib.widgets.gradcheck_curve import GradcheckCurve
from cnnlib.widgets.gradient_norms import GradientNorms
from cnnlib.widgets.im2col_view import Im2colView
from cnnlib.widgets.mistake_gallery import MistakeGallery
from cnnlib.widgets.mlp_graph import MlpGraph
from cnnlib.widgets.network_inspector import NetworkInspector
from cnnlib.widgets.parameter_counter import ParameterCounter
from cnnlib.widgets.perceptron import Perceptron
from cnnlib.widgets.pool_router import PoolRouter
from cnnlib.widgets.questions import question
from cnnlib.widgets.quiz import Quiz
from cnnlib.widgets.softmax_sliders import SoftmaxSliders
from cnnlib.widgets.xor_trainer import XorTrainer

__all__ = [
    "BlockBuilder",
    "ChannelMixer",
    "ConvBackward",
    "ConvMatrix",
    "ConvStepper",
    "DigitReader",
    "Geometry",
    "GradcheckCurve",
    "GradientNorms",
    "Im2colView",
    "MistakeGallery",
    "MlpGraph",
    "NetworkInspector",
    "ParameterCounter",
    "Perceptron",
    "PoolRouter",
    "Quiz",
    "SoftmaxSliders",
    "XorTrainer",
    "question",
]
