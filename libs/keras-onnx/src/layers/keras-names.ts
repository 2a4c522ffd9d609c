/** The release whose names these are. */
export const KERAS_RELEASE = '3.15.1';

/** Every class of `keras.layers`, with the name under which files have it where that is another one. */
export const KERAS_LAYERS: readonly string[] = `
Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D
AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D Add AdditiveAttention AlphaDropout Attention AugMix
AutoContrast Average AveragePooling1D AveragePooling2D AveragePooling3D AvgPool1D:AveragePooling1D
AvgPool2D:AveragePooling2D AvgPool3D:AveragePooling3D BatchNormalization Bidirectional CategoryEncoding CenterCrop
Concatenate ContrastLimitedAdaptiveHistogramEqualization Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D
Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D Convolution1D:Conv1D Convolution1DTranspose:Conv1DTranspose
Convolution2D:Conv2D Convolution2DTranspose:Conv2DTranspose Convolution3D:Conv3D
Convolution3DTranspose:Conv3DTranspose Cropping1D Cropping2D Cropping3D CutMix Dense DepthwiseConv1D DepthwiseConv2D
Discretization Dot Dropout ELU EinsumDense Embedding Equalization Flatten FlaxLayer GRU GRUCell GaussianDropout
GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D
GlobalAvgPool1D:GlobalAveragePooling1D GlobalAvgPool2D:GlobalAveragePooling2D GlobalAvgPool3D:GlobalAveragePooling3D
GlobalMaxPool1D:GlobalMaxPooling1D GlobalMaxPool2D:GlobalMaxPooling2D GlobalMaxPool3D:GlobalMaxPooling3D
GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GroupNormalization
GroupQueryAttention:GroupedQueryAttention HashedCrossing Hashing Identity InputLayer InputSpec IntegerLookup
JaxLayer LSTM LSTMCell Lambda Layer LayerNormalization LeakyReLU Masking MaxNumBoundingBoxes MaxPool1D:MaxPooling1D
MaxPool2D:MaxPooling2D MaxPool3D:MaxPooling3D MaxPooling1D MaxPooling2D MaxPooling3D Maximum MelSpectrogram Minimum
MixUp MultiHeadAttention Multiply Normalization PReLU Permute Pipeline RMSNormalization RNN RandAugment
RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop RandomElasticTransform
RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale RandomHue RandomInvert RandomPerspective
RandomPosterization RandomRotation RandomSaturation RandomSharpness RandomShear RandomTranslation RandomZoom ReLU
RepeatVector Rescaling Reshape Resizing ReversibleEmbedding STFTSpectrogram SeparableConv1D SeparableConv2D
SeparableConvolution1D:SeparableConv1D SeparableConvolution2D:SeparableConv2D SimpleRNN SimpleRNNCell Softmax
Solarization SpatialDropout1D SpatialDropout2D SpatialDropout3D SpectralNormalization StackedRNNCells StringLookup
Subtract TFSMLayer TextVectorization TimeDistributed TorchModuleWrapper UnitNormalization UpSampling1D UpSampling2D
UpSampling3D Wrapper ZeroPadding1D ZeroPadding2D ZeroPadding3D`
  .trim()
  .split(/\s+/);

/** Every function of `keras.ops`, with the class of its node in a file; nothing behind the colon where it leaves none. */
export const KERAS_OPERATIONS: readonly string[] = `
abs:Absolute absolute:Absolute adaptive_average_pool:AdaptiveAveragePool adaptive_max_pool:AdaptiveMaxPool add:Add
all:All allclose:AllClose amax:Amax amin:Amin angle:Angle any:Any append:Append arange:Arange arccos:Arccos
arccosh:Arccosh arcsin:Arcsin arcsinh:Arcsinh arctan:Arctan arctan2:Arctan2 arctanh:Arctanh argmax:Argmax
argmin:Argmin argpartition:Argpartition argsort:Argsort array:Array array_split:ArraySplit
associative_scan:AssociativeScan average:Average average_pool:AveragePool bartlett: batch_normalization:BatchNorm
binary_crossentropy:BinaryCrossentropy bincount:Bincount bitwise_and:BitwiseAnd bitwise_invert:BitwiseInvert
bitwise_left_shift:BitwiseLeftShift bitwise_not:BitwiseNot bitwise_or:BitwiseOr
bitwise_right_shift:BitwiseRightShift bitwise_xor:BitwiseXor blackman: broadcast_to:BroadcastTo cast:Cast
categorical_crossentropy:CategoricalCrossentropy cbrt:Cbrt cdist:CDist ceil:Ceil celu:Celu cholesky:Cholesky
cholesky_inverse:CholeskyInverse clip:Clip concatenate:Concatenate cond:Cond conj:Conjugate conjugate:Conjugate
conv:Conv conv_transpose:ConvTranspose convert_to_numpy: convert_to_tensor:ConvertToTensor copy:Copy
corrcoef:Corrcoef correlate:Correlate cos:Cos cosh:Cosh count_nonzero:CountNonzero cross:Cross ctc_decode:CTCDecode
ctc_loss:CTCLoss cumprod:Cumprod cumsum:Cumsum custom_gradient: deg2rad:Deg2rad depth_to_space:DepthToSpace
depthwise_conv:DepthwiseConv det:Det diag:Diag diagflat:Diagflat diagonal:Diagonal diff:Diff digitize:Digitize
divide:Divide divide_no_nan:DivideNoNan dot:Dot dot_product_attention:DotProductAttention dsplit:Dsplit
dstack:Dstack dtype: eig:Eig eigh:Eigh einsum:Einsum elu:Elu empty: empty_like:EmptyLike equal:Equal erf:Erf
erfc:Erfc erfinv:Erfinv exp:Exp exp2:Exp2 expand_dims:ExpandDims expm1:Expm1 extract_sequences:ExtractSequences eye:
fabs:Fabs fft:FFT fft2:FFT2 flip:Flip fliplr:Fliplr flipud:Flipud floor:Floor floor_divide:FloorDivide fmax:Fmax
fmin:Fmin fmod:Fmod fold:Fold fori_loop:ForiLoop full:Full full_like:FullLike gcd:Gcd gelu:Gelu geomspace:Geomspace
get_item:GetItem glu:Glu greater:Greater greater_equal:GreaterEqual hamming: hanning: hard_shrink:HardShrink
hard_sigmoid:HardSigmoid hard_silu:HardSilu hard_swish:HardSilu hard_tanh:HardTanh heaviside:Heaviside
histogram:Histogram hsplit:Hsplit hstack:Hstack hypot:Hypot i0:I0 identity: ifft2:IFFT2 imag:Imag
image.affine_transform:AffineTransform image.crop_images:CropImages image.elastic_transform:ElasticTransform
image.extract_patches:ExtractPatches image.extract_patches_3d:ExtractPatches image.gaussian_blur:GaussianBlur
image.hsv_to_rgb:HSVToRGB image.map_coordinates:MapCoordinates image.pad_images:PadImages
image.perspective_transform:PerspectiveTransform image.resize:Resize image.rgb_to_grayscale:RGBToGrayscale
image.rgb_to_hsv:RGBToHSV image.scale_and_translate:ScaleAndTranslate image.sobel_edges:SobelEdges image.ssim:SSIM
in_top_k:InTopK inner:Inner inv:Inv irfft:IRFFT is_tensor: isclose:Isclose isfinite:Isfinite isin:IsIn isinf:Isinf
isnan:Isnan isneginf:Isneginf isposinf:Isposinf isreal:Isreal istft:ISTFT jvp:JVP kaiser: kron:Kron
layer_normalization:LayerNorm lcm:Lcm ldexp:Ldexp leaky_relu:LeakyRelu left_shift:LeftShift less:Less
less_equal:LessEqual linspace:Linspace log:Log log10:Log10 log1p:Log1p log2:Log2 log_sigmoid:LogSigmoid
log_softmax:LogSoftmax logaddexp:Logaddexp logaddexp2:Logaddexp2 logdet:Logdet logical_and:LogicalAnd
logical_not:LogicalNot logical_or:LogicalOr logical_xor:LogicalXor logspace:Logspace logsumexp:Logsumexp lstsq:Lstsq
lu_factor:LuFactor map:Map matmul:Matmul matrix_rank:MatrixRank max:Max max_pool:MaxPool maximum:Maximum mean:Mean
median:Median meshgrid:Meshgrid min:Min minimum:Minimum mod:Mod moments:Moments moveaxis:Moveaxis multi_hot:MultiHot
multiply:Multiply nan_to_num:NanToNum nanargmax:Nanargmax nanargmin:Nanargmin nancumprod:Nancumprod
nancumsum:Nancumsum nanmax:Nanmax nanmean:Nanmean nanmedian:Nanmedian nanmin:Nanmin nanpercentile:Nanpercentile
nanprod:Nanprod nanquantile:Nanquantile nanstd:Nanstd nansum:Nansum nanvar:Nanvar ndim:Ndim negative:Negative
nextafter:Nextafter nonzero:Nonzero norm:Norm normalize:Normalize not_equal:NotEqual one_hot:OneHot ones:
ones_like:OnesLike outer:Outer pad:Pad percentile:Percentile pinv:Pinv polar:Polar power:Power prod:Prod psnr:PSNR
ptp:Ptp qr:Qr quantile:Quantile rad2deg:Rad2deg ravel:Ravel real:Real rearrange:Rearrange reciprocal:Reciprocal
relu:Relu relu6:Relu6 repeat:Repeat reshape:Reshape rfft:RFFT right_shift:RightShift rms_normalization:RMSNorm
roll:Roll rot90:Rot90 round:Round rsqrt:Rsqrt saturate_cast:SaturateCast scan:Scan scatter:Scatter
scatter_update:ScatterUpdate searchsorted:SearchSorted segment_max:SegmentMax segment_min:SegmentMin
segment_prod:SegmentProd segment_sum:SegmentSum select:Select selu:Selu separable_conv:SeparableConv shape:
sigmoid:Sigmoid sign:Sign signbit:Signbit silu:Silu sin:Sin sinc:Sinc sinh:Sinh size:Size slice:Slice
slice_update:SliceUpdate slogdet:Slogdet soft_shrink:SoftShrink softmax:Softmax softplus:Softplus softsign:Softsign
solve:Solve solve_triangular:SolveTriangular sort:Sort space_to_depth:SpaceToDepth
sparse_categorical_crossentropy:SparseCategoricalCrossentropy sparse_plus:SparsePlus sparse_sigmoid:SparseSigmoid
sparsemax:Sparsemax split:Split sqrt:Sqrt square:Square squareplus:Squareplus squeeze:Squeeze stack:Stack std:Std
stft:STFT stop_gradient:StopGradient subtract:Subtract sum:Sum svd:SVD swapaxes:Swapaxes swish:Silu switch:Switch
take:Take take_along_axis:TakeAlongAxis tan:Tan tanh:Tanh tanh_shrink:TanhShrink tensordot:Tensordot
threshold:Threshold tile:Tile top_k:TopK trace:Trace transpose:Transpose trapezoid:Trapezoid tri: tril:Tril
triu:Triu true_divide:TrueDivide trunc:Trunc unfold:Unfold unique:Unique unravel_index:UnravelIndex unstack:Unstack
vander:Vander var:Var vdot:Vdot vectorize: vectorized_map:VectorizedMap view:View view_as_complex:ViewAsComplex
view_as_real:ViewAsReal vsplit:Vsplit vstack:Vstack where:Where while_loop:WhileLoop zeros: zeros_like:ZerosLike`
  .trim()
  .split(/\s+/);
